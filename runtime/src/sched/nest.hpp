// SPDX-License-Identifier: MIT
// The groups of the running fiber, and of those that wait below it, that keep children which nobody
// has started, the outermost in front. Invariants: (1) a group is in at most one nest, and in one
// if and only if it keeps a child, or in the hands of a fiber that has put its nest aside; (2) the
// list, and what the groups in it keep, is under lock_; (3) for all that it keeps together, a group
// has one in its `pending`. Steps N1 to N6 and their proof: README.md, "Nests"; model:
// tests/model/nest.pml.
#pragma once

#include <heddle/runtime/detail/group_core.hpp>

#include "base/asymmetric_spinlock.hpp"
#include "base/cacheline.hpp"
#include "base/relaxed_counter.hpp"
#include "fiber/group_chain.hpp"
#include "sched/end_child.hpp"
#include "sched/limits.hpp"
#include "sched/out_of_turn.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace heddle::detail {

class nest {
 public:
  explicit nest(fence_side side) noexcept : lock_(side) {}

  // For the loop's own thread
  /// Adds a child of the running fiber's group (N1), and counts it in `spawned` before it can run.
  /// Returns false if the group has ended, or keeps as many as it may.
  bool keep(group_core& group, child_core& child, relaxed_counter& spawned) noexcept {
    const visit guard(*this);
    if (group.kept == most_kept) [[unlikely]]
      return false;
    if (group.first_kept == nullptr) {
      if (!add_pending(group)) return false;
      append(group);
      group.first_kept = &child;
    } else {
      group.last_kept->next = &child;
    }
    group.last_kept = &child;
    child.next = nullptr;
    spawned.publish();
    ++group.kept;
    set_size(size() + 1);
    return true;
  }

  /// Takes the group's oldest child (N2); null if it keeps none.
  child_core* take(group_core& group) noexcept {
    const visit guard(*this);
    if (group.first_kept == nullptr) return nullptr;
    child_core& oldest = pop(group);
    group.joiner_has_last = group.first_kept == nullptr;
    return &oldest;
  }

  /// Gives up the handle's share of a child that was kept last: nobody else can have it now, so no
  /// locked instruction is needed. Returns false if it is another.
  bool drop_share_of_youngest(child_core& child) noexcept {
    const visit guard(*this);
    if (groups_.innermost == nullptr || groups_.innermost->last_kept != &child) return false;
    child.shares.store(1, std::memory_order_relaxed);
    return true;
  }

  /// Returns whether it keeps children of `maker`, the running fiber.
  bool keeps_for(const fiber& maker) noexcept {
    const visit guard(*this);
    return groups_.innermost != nullptr && groups_.innermost->maker == &maker;
  }

  /// Takes the oldest child of the outermost group, if that waits for an inner join, `joiner`'s,
  /// and its moment has come; else null.
  child_core* take_out_of_turn(const fiber& joiner, clock::time_point now) noexcept {
    const visit guard(*this);
    group_core* const outer = groups_.outermost;
    if (outer == nullptr || outer->maker == &joiner) return nullptr;
    return out_of_turn_.is_due(groups_.since, now) ? &detach(*outer, 1) : nullptr;
  }
  /// The loop has nothing to do.
  void forget_waits() noexcept { out_of_turn_.reset(); }

  /// Takes all groups (N4, or to put them aside).
  group_chain take_all() noexcept {
    const visit guard(*this);
    groups_.children = size();
    set_size(0);
    return std::exchange(groups_, {});
  }

  /// Puts back what was put aside, perhaps on another loop. The nest is empty.
  void put_back(const group_chain& aside) noexcept {
    const visit guard(*this);
    groups_ = aside;
    set_size(aside.children);
  }

  // For others
  /// Takes the older half of what the outermost group keeps (N3), at most `steal_batch`, in a list;
  /// null if there is none, or somebody else is at it. Cost: as of the lock's ask().
  child_core* steal() noexcept {
    using outcome = asymmetric_spinlock::outcome;
    if (maybe_empty()) return nullptr;
    const outcome got = lock_.ask();
    if (got == outcome::nothing) return nullptr;
    child_core* const stolen = got == outcome::answer ? answer_ : detach_older_half();
    lock_.let_go();
    return stolen;
  }

  // For anybody
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  bool maybe_empty() const noexcept { return size() == 0; }
  bool empty_seq_cst() const noexcept {
    // order: seq_cst — the last search before parking (README.md, step 3).
    return size_.load(std::memory_order_seq_cst) == 0;
  }

 private:
  /// Holds the lock for the loop, which gives a thief that has asked what it would have taken.
  class visit {
   public:
    explicit visit(nest& of) noexcept : of_(of) {
      if (of_.lock_.lock_as_owner()) [[unlikely]]
        of_.answer();
    }
    ~visit() { of_.lock_.unlock_as_owner(); }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

   private:
    nest& of_;
  };

  __attribute__((noinline)) void answer() noexcept {
    answer_ = detach_older_half();
    lock_.answered();
  }

  void set_size(std::size_t size) noexcept { size_.store(size, std::memory_order_relaxed); }

  void append(group_core& group) noexcept {
    group.inner = nullptr;
    if (groups_.innermost == nullptr) groups_.since = {};
    group.outer = std::exchange(groups_.innermost, &group);
    (group.outer != nullptr ? group.outer->inner : groups_.outermost) = &group;
  }
  void remove(group_core& group) noexcept {
    (group.outer != nullptr ? group.outer->inner : groups_.outermost) = group.inner;
    (group.inner != nullptr ? group.inner->outer : groups_.innermost) = group.outer;
  }
  child_core& pop(group_core& group) noexcept {
    child_core& oldest = *group.first_kept;
    group.first_kept = static_cast<child_core*>(oldest.next);
    if (group.first_kept == nullptr) remove(group);
    --group.kept;
    set_size(size() - 1);
    return oldest;
  }
  /// N3: so many of the oldest, in a list, each counted in `pending`; who has all of them has what
  /// the group's list had there. Shape: 0 < count <= group.kept.
  child_core& detach(group_core& group, std::uint32_t count) noexcept {
    child_core& first = *group.first_kept;
    child_core* last = &first;
    for (std::uint32_t n = 1; n < count; ++n) last = static_cast<child_core*>(last->next);
    group.first_kept = static_cast<child_core*>(std::exchange(last->next, nullptr));
    group.kept -= count;
    set_size(size() - count);
    if (group.first_kept == nullptr) remove(group);
    // order: relaxed — the group cannot end: it has one for what it keeps, or kept.
    group.pending.fetch_add(group.first_kept == nullptr ? count - 1 : count,
                            std::memory_order_relaxed);
    return first;
  }
  child_core* detach_older_half() noexcept {
    group_core* const group = groups_.outermost;
    if (group == nullptr) return nullptr;
    return &detach(*group, std::min((group->kept + 1) / 2, std::uint32_t{steal_batch}));
  }

  alignas(cacheline_bytes) asymmetric_spinlock lock_;
  group_chain groups_;
  child_core* answer_ = nullptr;  // to the thief that has asked
  out_of_turn out_of_turn_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace heddle::detail
