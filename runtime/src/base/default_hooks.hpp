// SPDX-License-Identifier: MIT
// What a runtime does with reports for which config has no hook, and how often it makes any.
// Invariants: (1) a report is written to stderr in one piece, so that those of several threads do
// not mix; (2) printing does not throw: it is the last resort; (3) a runtime has a limiter of its
// own, which holds for the user's hook as for the default.
#pragma once

#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/error.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace heddle::detail {

/// Says what holds up the runtime: a line, then the lines of details, if any.
std::string describe(const stall_report& report);

/// Writes "<runtime_name>: unhandled error: <error>" to stderr.
void print_unhandled(std::string_view runtime_name, const unhandled_error& error) noexcept;

/// Writes "<runtime_name>: <report>" to stderr.
void print_stall(std::string_view runtime_name, const stall_report& report) noexcept;

/// Lets at most `most_reports` pass in any `window`. Any thread may ask.
class stall_limiter {
 public:
  static constexpr std::size_t most_reports = 5;
  static constexpr std::chrono::minutes window{1};

  /// Returns whether a report may be made at `now`, a time not before that of the last one.
  bool admit(clock::time_point now);

  /// Returns whether admit() would return true.
  bool would_admit(clock::time_point now) const;

  /// Returns how many reports were refused so far.
  std::uint64_t refused() const;

 private:
  bool is_spent(clock::time_point now) const noexcept {
    return full_ && now - admitted_[next_] < window;
  }

  mutable std::mutex mutex_;
  std::array<clock::time_point, most_reports> admitted_{};  // a ring; its oldest is at next_
  std::size_t next_ = 0;
  bool full_ = false;  // until then the ring's oldest is no time at all
  std::uint64_t refused_ = 0;
};

}  // namespace heddle::detail
