// SPDX-License-Identifier: MIT
// The groups of the running fiber, and of those that wait below it, that keep children which nobody
// has started, the outermost in front. Invariants: (1) a group that keeps a child is in exactly one
// chain, a loop's nest or what a fiber that gives way has put aside; others are in none; (2) the
// list, and what the groups in it keep, is under lock_; (3) for all that it keeps together, a group
// has one in its `pending`. Steps N1 to N6 and their proof: README.md, "Nests"; model:
// tests/model/nest.pml.
#pragma once

#include <heddle/runtime/detail/group_core.hpp>

#include "base/asymmetric_spinlock.hpp"
#include "base/cacheline.hpp"
#include "base/relaxed_counter.hpp"
#include "fiber/fiber.hpp"
#include "fiber/group_chain.hpp"
#include "sched/end_child.hpp"
#include "sched/limits.hpp"
#include "sched/out_of_turn.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace heddle::detail {

/// Returns whether the task that `maker` runs has made `group`: another's may stand where one of
/// this task's stood, and a fiber runs one task after the other.
inline bool has_made(const fiber& maker, const group_core& group) noexcept {
  return group.maker == &maker && group.of_task == maker.task->id;
}

class nest {
 public:
  explicit nest(fence_side side) noexcept : lock_(side) {}

  // For the loop's own thread
  /// Adds a child of the running fiber's group (N1), and counts it in `spawned` before it can run.
  /// Returns false if nobody is left to join the group, or it keeps as many as it may.
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
    return out_of_turn_.is_due(groups_.since, now) ? &detach(*outer) : nullptr;
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
  /// Takes the oldest child of the outermost group (N3); null if there is none, or others are at
  /// it. Cost: as of the lock's try_lock().
  child_core* steal() noexcept {
    if (maybe_empty() || !lock_.try_lock()) return nullptr;
    child_core* const oldest = groups_.outermost == nullptr ? nullptr : &detach(*groups_.outermost);
    lock_.unlock();
    return oldest;
  }

  // For anybody
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  bool maybe_empty() const noexcept { return size() == 0; }
  bool empty_seq_cst() const noexcept {
    // order: seq_cst — the last search before parking (README.md, step 3).
    return size_.load(std::memory_order_seq_cst) == 0;
  }

 private:
  /// Holds the lock for the loop.
  class visit {
   public:
    explicit visit(nest& of) noexcept : of_(of) { of_.lock_.lock_as_owner(); }
    ~visit() { of_.lock_.unlock_as_owner(); }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

   private:
    nest& of_;
  };

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
  /// N3: takes the oldest, counted in `pending`; the last has what the group's list had there.
  child_core& detach(group_core& group) noexcept {
    child_core& oldest = pop(group);
    // order: relaxed — the group cannot end: it has one for what it keeps.
    if (group.first_kept != nullptr) group.pending.fetch_add(1, std::memory_order_relaxed);
    return oldest;
  }

  alignas(cacheline_bytes) asymmetric_spinlock lock_;
  group_chain groups_;
  out_of_turn out_of_turn_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace heddle::detail
