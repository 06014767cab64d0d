// SPDX-License-Identifier: MIT
// Where a runtime's reports go. Shared, because a failed task that outlives its runtime still has
// somebody to tell. Invariant: a user's hook that throws ends the process with a message: there is
// nobody above it.
#pragma once

#include <heddle/runtime/config.hpp>

#include "base/default_hooks.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::detail {

class error_hooks {
 public:
  explicit error_hooks(const config& settings);

  void unhandled(const unhandled_error& error) noexcept;
  /// Passes the report on, unless there were five of its kind in the last minute: slow slices must
  /// not keep a hang from being told.
  void stall(const stall_report& report) noexcept;
  /// Returns whether such a report would be passed on now, and so is worth its making.
  bool hears_of(stall_report::kind what) { return limiter_of(what).would_admit(clock::now()); }
  std::uint64_t unhandled_count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  static constexpr auto last_kind = stall_report::kind::descriptors_exhausted;

  stall_limiter& limiter_of(stall_report::kind what) {
    return limiters_.at(static_cast<std::size_t>(what));
  }

  std::string name_;
  std::function<void(const unhandled_error&)> on_unhandled_;
  std::function<void(const stall_report&)> on_stall_;
  std::array<stall_limiter, static_cast<std::size_t>(last_kind) + 1> limiters_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace heddle::detail
