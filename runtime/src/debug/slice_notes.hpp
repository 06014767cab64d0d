// SPDX-License-Identifier: MIT
// What a watcher knows of the slice that a loop is in, and when that is worth a report.
// Invariants: (1) a slice is reported when it has been seen to run for the limit, once more at ten
// times that, and never again; (2) what passed before a slice was first seen does not count; (3)
// nor does most of the time between two looks that are too far apart: whoever looks was not let
// run, and perhaps nobody was, as in a process that was stopped.
#pragma once

#include <heddle/runtime/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace heddle::detail {

class slice_notes {
 public:
  struct limits {
    std::chrono::nanoseconds slow;
    std::chrono::nanoseconds interval;  // between two looks
  };
  explicit slice_notes(limits how) noexcept : limits_(how) {}

  struct look {
    std::uint64_t slice;  // how many the loop had begun
    bool runs;            // the last of them has not ended
    clock::time_point now;
  };

  /// Returns whether the slice is to be reported now.
  bool take(const look& seen) noexcept {
    const std::chrono::nanoseconds passed = seen.now - std::exchange(looked_at_, seen.now);
    if (seen.slice != slice_) {
      slice_ = seen.slice;
      since_ = seen.now;
      counted_ = std::chrono::nanoseconds{0};
      next_ = limits_.slow;
      return false;
    }
    if (!seen.runs) return false;
    counted_ += std::min(passed, limits_.interval * 3 / 2);
    if (counted_ < next_) return false;
    next_ = next_ == limits_.slow ? again * limits_.slow : std::chrono::nanoseconds::max();
    return true;
  }

  /// Returns when the slice was first seen.
  clock::time_point since() const noexcept { return since_; }

 private:
  static constexpr int again = 10;

  limits limits_;
  std::uint64_t slice_ = ~std::uint64_t{0};
  clock::time_point since_{};
  clock::time_point looked_at_{};
  std::chrono::nanoseconds counted_{0};
  std::chrono::nanoseconds next_ = std::chrono::nanoseconds::max();
};

}  // namespace heddle::detail
