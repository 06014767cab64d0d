// SPDX-License-Identifier: MIT
// When a join that always has children to run lets one of an outer join begin, which would wait
// for its end else. Each that begins so takes stacks of its own, and its joins may do the same; so
// the loop has one such moment at a time, and the next twice as far away. Invariant: a moment is
// for the one that has waited longest, of those that have asked since the last; so n that go on
// asking wait at most n moments. One whose owner has ended, or gone to another loop, is lost.
// Essay: README.md, "Nests", fairness.
#pragma once

#include <heddle/runtime/clock.hpp>

#include "sched/limits.hpp"

#include <algorithm>
#include <chrono>

namespace heddle::detail {

class out_of_turn {
 public:
  /// Returns whether this is the moment of whoever has waited since `since`, and begins to wait
  /// again then. A `since` of {} begins to wait now.
  bool is_due(clock::time_point& since, clock::time_point now) noexcept {
    if (since == clock::time_point{}) since = now;
    if (due_ == clock::time_point{}) due_ = now + patience_;
    eldest_ = std::min(eldest_, since);
    if (now < due_) return false;
    const bool mine = since == eldest_;
    if (!mine && now < due_ + patience_) return false;
    // Or the eldest has not asked for as long again: it has ended, and another one is looked for.
    if (mine) {
      since = now;
      patience_ = std::min(2 * patience_, most_join_patience);
    }
    eldest_ = clock::time_point::max();
    due_ = now + patience_;
    return mine;
  }

  /// Nobody waits: the loop has nothing to do.
  void reset() noexcept { *this = {}; }

 private:
  std::chrono::nanoseconds patience_ = join_patience;
  clock::time_point due_{};
  clock::time_point eldest_ = clock::time_point::max();  // of those that have asked since the last
};

}  // namespace heddle::detail
