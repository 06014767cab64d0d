// SPDX-License-Identifier: MIT
// How a lone loop without a watch thread notices a slow slice: afterwards, when it is back on its
// root. Invariant: what it says lasted has lasted at least so long. It asks the kernel's coarse
// clock, which is behind by up to a tick, so a tick is added where it is the beginning: 8 ns, once
// for each time that the loop leaves its root, and nothing for a slice. A slice that is slower than
// the limit by less than two ticks may pass unnoticed. Not here: naming a slice while it runs
// (debug/watchdog.hpp).
#pragma once

#include <heddle/runtime/clock.hpp>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <utility>

namespace heddle::detail {

class look_back {
 public:
  explicit look_back(std::chrono::nanoseconds limit) noexcept : limit_(limit) {
    timespec tick{};
    ::clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    tick_ = in_nanoseconds(tick);
  }

  struct stretch {
    std::uint64_t slices;
    std::chrono::nanoseconds lasted;  // at least
    bool late;                        // longer than the limit
  };

  /// The loop is on its root at `now`, after that many slices.
  void is_on_root(clock::time_point now, std::uint64_t slices) noexcept {
    since_ = now.time_since_epoch();
    slices_ = slices;
  }

  /// The loop has come back to its root.
  stretch has_returned(std::uint64_t slices) noexcept {
    timespec coarse{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
    const std::chrono::nanoseconds now = in_nanoseconds(coarse);
    const std::chrono::nanoseconds lasted = now - std::exchange(since_, now + tick_);
    return {slices - std::exchange(slices_, slices), lasted, lasted >= limit_};
  }

 private:
  static std::chrono::nanoseconds in_nanoseconds(const timespec& time) noexcept {
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }

  std::chrono::nanoseconds limit_;
  std::chrono::nanoseconds tick_;
  std::chrono::nanoseconds since_ = std::chrono::nanoseconds::max();
  std::uint64_t slices_ = 0;
};

}  // namespace heddle::detail
