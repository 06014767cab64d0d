// SPDX-License-Identifier: MIT
// The seam for determinism: what a simulation decides in the place of the machine.
// A production runtime has none (a null pointer, tested on slow paths: park, steal, timers, clock).
// Invariant: all time that the scheduler reads and every choice among equals goes through here.
#pragma once

#include <heddle/runtime/clock.hpp>

#include <cstdint>

namespace heddle::detail {

class policy {
 public:
  virtual ~policy() = default;

  /// Returns the time that fibers and timers see.
  virtual clock::time_point now() noexcept = 0;

  /// Returns a number below `bound`: the victim to try first, the case of a select, a timer among
  /// equals.
  virtual std::uint32_t choose(std::uint32_t bound) noexcept = 0;
};

}  // namespace heddle::detail
