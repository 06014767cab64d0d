// SPDX-License-Identifier: MIT
// Which loop runs the calling fiber at this moment. A loop is a thread, so the answer is the
// thread's number, learnt once from a fiber that is pinned to each loop. Not here: scheduling. No
// program should need this but one that shows who did what.
#pragma once

#include <heddle/runtime/runtime.hpp>

#include <vector>

#include <sys/types.h>

namespace lab {

class loop_map {
 public:
  /// Asks every loop of `of` for its thread. Suspends: yes; blocks a plain thread.
  explicit loop_map(heddle::runtime& of);

  unsigned loops() const { return static_cast<unsigned>(threads_.size()); }

  /// Returns the loop that runs the calling fiber. It may be another after the next suspension
  /// point. Cost: one system call.
  unsigned here() const;

 private:
  std::vector<pid_t> threads_;
};

}  // namespace lab
