// SPDX-License-Identifier: MIT
// The groups that a fiber has made, for whoever cancels a scope around them.
// Invariants: (1) `first` and the links, depths and `queued` of the groups in the list are under
// `lock`, beneath which no other lock is taken; (2) the domain lives as long as its fiber or a
// group in it: a group may outlive the task that made it, and is then nobody's (its of_task says
// so).
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>

#include <mutex>

namespace heddle::detail {

struct group_core;

struct cancel_domain {
  spinlock lock;
  group_core* first = nullptr;
  bool outlives_fiber = false;  // under the lock

  /// The fiber has ended.
  void end() noexcept {
    bool last = false;
    {
      const std::lock_guard guard(lock);
      outlives_fiber = true;
      last = first == nullptr;
    }
    if (last) delete this;
  }
};

}  // namespace heddle::detail
