// SPDX-License-Identifier: MIT
// The groups that a fiber has made, for whoever cancels a scope around them.
// Invariants: (1) `first` and the links, depths and `queued` of the groups in the list are under
// `lock`, beneath which no other lock is taken; (2) the domain lives as long as its fiber or a
// group in it: a group may outlive the task that made it, and is then nobody's (its of_task says
// so).
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::detail {

struct group_core;

struct cancel_domain {
  spinlock lock;
  group_core* first = nullptr;
  std::atomic<std::uint32_t> shares{1};

  void share() noexcept { shares.fetch_add(1, std::memory_order_relaxed); }
  /// Gives a share up; the last one deletes.
  void drop() noexcept {
    // order: acq_rel — what the others did is over before it is deleted.
    if (shares.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

}  // namespace heddle::detail
