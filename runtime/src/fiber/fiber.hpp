// SPDX-License-Identifier: MIT
// A fiber: a stack with its saved execution, and the task that runs on it now.
// The record lies at the top of its own stack, with the first frames in the same page, so that a
// parked fiber is one resident page. A fiber outlives its task: it goes on with the next closure,
// or is pooled. Invariants: (1) the record is written by whoever runs it, or holds it parked or
// pooled; atomics are what others look at; (2) it is in at most one run queue or pool list; (3) its
// context is whole whenever somebody else can reach it (wait/README.md, claim 5).
#pragma once

#include <heddle/runtime/detail/task_core.hpp>
#include <heddle/runtime/detail/wake_word.hpp>
#include <heddle/runtime/park.hpp>

#include "fiber/context.hpp"
#include "fiber/group_chain.hpp"
#include "fiber/identity.hpp"
#include "fiber/parker.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::detail {

class task_storage;
class worker;
struct cancel_domain;
struct group_core;
struct scope_frame;

class fiber : public parker, public job {
 public:
  enum class state : std::uint8_t { pooled, runnable, parked };

  // `attention`, from the low end. 0: no suspension point has to do with cancellation.
  static constexpr std::uint32_t unchecked =
      1;  // the body has not looked for a cancel before its start
  static constexpr std::uint32_t cancel = 2;   // the task is cancelled: depth 0
  static constexpr std::uint32_t watched = 4;  // by a policy, which hears of suspension points
  // From bit 16: 1 + the depth of the deepest scope that is cancelled; 0: none but the task.
  static constexpr unsigned deepest_shift = 16;
  static constexpr std::uint32_t deepest_mask = ~std::uint32_t{0} << deepest_shift;

  /// What a fiber's stack begins to run; never returns.
  using entry_function = void (*)(fiber& self, departure left);

  struct place {
    std::byte* low;  // of the stack, guard page included
    std::size_t bytes;
    std::uint32_t first_epoch;  // of its wake word: a stack may have held another fiber before
  };
  /// Builds a fiber at the top of a stack.
  static fiber& create(place where, scheduler& home, entry_function entry);

  /// Returns where the record of the fiber on that stack lies. Neighbours differ by a few lines:
  /// were all frames at the same offset in their pages, each load after a switch would look, to the
  /// core, like one from the store just made on the stack that was left (4 KiB aliasing), and wait
  /// for it.
  static std::byte* record_at(std::byte* low, std::size_t bytes) noexcept;

  /// Ends a pooled fiber: its stack is not unwound, there is nothing on it.
  void destroy() noexcept;

  std::byte* stack_low() const noexcept { return low_; }
  std::size_t stack_bytes() const noexcept { return bytes_; }
  entry_function entry() const noexcept { return entry_; }

  /// Returns the depth from which on a cancelled scope is heard now: not through a shield, nor by
  /// a scope that an exception is unwinding.
  scope_depth floor(unsigned uncaught_now) const noexcept {
    if (uncaught_now <= uncaught_at_entry) [[likely]]
      return shield;
    return floor_of_unwinding(uncaught_now);
  }
  /// Returns 1 + the depth of the deepest scope that is cancelled, by `attention` as it was seen;
  /// a wait with a floor below that is to end.
  static std::uint32_t deepest_cancelled(std::uint32_t seen) noexcept {
    const std::uint32_t of_scopes = seen >> deepest_shift;
    return of_scopes != 0 || (seen & cancel) == 0 ? of_scopes : 1;
  }

  execution saved;
  task_core* task = nullptr;            // what runs here; null while pooled
  worker* pinned_to = nullptr;          // may be run by this loop only
  fiber* claimed_by = nullptr;          // the joiner that switched here and waits for `task` to end
  fiber* next_settled = nullptr;        // while the joins that led here are made real waits
  group_core* runs_child_of = nullptr;  // the group it joins, while a child of that runs above it
  group_core* keeps_in = nullptr;       // the group of this body that may keep children
  group_chain aside;                    // the nest of its loop, while it gives way
  cancellation join_mode = cancellation::deliver;  // of the join this fiber is in, while it claims
  std::atomic<state> status{state::pooled};
  scope_depth depth = 0;   // how many scopes and shields it is in
  scope_depth shield = 0;  // the depth of the innermost shield
  std::atomic<std::uint32_t> attention{0};
  std::uint32_t uncaught_at_entry = 0;
  task_storage* storage = nullptr;   // of the task; most have none
  scope_frame* innermost = nullptr;  // the scopes it is in, back to a null: the task
  scope_frame* due = nullptr;        // which of them, as far as they are heard, is due first
  scope_frame* unarmed = nullptr;    // the innermost whose timer is to be armed before a park
  std::atomic<cancel_domain*> domain{nullptr};  // the groups it has made; stays with the fiber
  scope_depth deepest_group = 0;                // none was made in a deeper scope that still runs
  group_core* member_of = nullptr;              // whose child it runs, once it has suspended
  fiber* next_member = nullptr;                 // under that group's lock
  fiber* previous_member = nullptr;
  // For the order of children (sched/README.md, "Spawn order"): where the latest spawn of this body
  // went, the deque of a loop, or what follows it, and its index or number there.
  worker* spawned_on = nullptr;
  worker* follows = nullptr;
  std::int64_t latest_spawn = 0;
  std::int64_t spawn_before = none_before;
  static constexpr std::int64_t none_before = -1;
  fiber_identity identity;

 private:
  scope_depth floor_of_unwinding(unsigned uncaught_now) const noexcept;
  fiber(place where, scheduler& owner, entry_function runs) noexcept
      : parker(parker::kind::fiber, where.first_epoch),
        job(job::kind::fiber),
        low_(where.low),
        bytes_(where.bytes),
        entry_(runs) {
    home = &owner;
  }

  std::byte* low_;
  std::size_t bytes_;
  entry_function entry_;
};

}  // namespace heddle::detail
