// SPDX-License-Identifier: MIT
// Threads of loops.
#include "loop_map.hpp"

#include <algorithm>
#include <stdexcept>

#include <unistd.h>

namespace lab {

loop_map::loop_map(heddle::runtime& of) {
  for (unsigned n = 0; n < of.settings().loops; ++n) {
    const heddle::spawn_options on_that_loop{.name = "who is it", .pinned = true, .loop = n};
    threads_.push_back(of.spawn(on_that_loop, [] { return ::gettid(); }).join());
  }
}

unsigned loop_map::here() const {
  const auto found = std::find(threads_.begin(), threads_.end(), ::gettid());
  if (found == threads_.end())
    throw std::logic_error("loop_map: called outside the runtime's loops");
  return static_cast<unsigned>(found - threads_.begin());
}

}  // namespace lab
