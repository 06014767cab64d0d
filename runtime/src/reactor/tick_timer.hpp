// SPDX-License-Identifier: MIT
// One timerfd of a runtime, watched by all its loops: it wakes one parked loop a tick from now.
// Arming costs the armer a system call of 0.3 µs; waking another loop by its eventfd costs 7 µs.
// Invariant: armed_ is true from arm() until the first loop that receives the expiry says so.
#pragma once

#include "base/unique_fd.hpp"

#include <atomic>
#include <chrono>

namespace heddle::detail {

class tick_timer {
 public:
  /// Errors: resource_exhausted (descriptors).
  tick_timer();

  /// Arms for one tick from now, unless armed. From any loop.
  void arm(std::chrono::nanoseconds tick) noexcept;

  /// Takes note of an expiry. Re-arming also clears the descriptor's readiness.
  void received() noexcept;

  int fd() const noexcept { return fd_.get(); }

 private:
  unique_fd fd_;
  std::atomic<bool> armed_{false};
};

}  // namespace heddle::detail
