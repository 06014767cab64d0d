// SPDX-License-Identifier: MIT
// The caller's side of fork_join: entering, taking branches back, waiting for those that others
// have. Steps and proof: README.md, "Fork and join". Not here: how they get to other loops
// (sched/worker_branches.cpp).
#include <heddle/runtime/detail/fork_core.hpp>

#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/park.hpp>

#include "fiber/fiber.hpp"
#include "fiber/task_storage.hpp"
#include "sched/cancel.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"
#include "scope/group.hpp"
#include "wait/waiting.hpp"

#include <exception>
#include <stdexcept>

namespace heddle::detail {

namespace {

/// Whether it takes prepare() to make a fork here.
bool is_unusual(const fiber& self, const worker& here) noexcept {
  return self.attention.load(std::memory_order_relaxed) != 0 || self.unarmed != nullptr ||
         self.domain.load(std::memory_order_relaxed) == nullptr || self.storage != nullptr ||
         self.depth == deepest_allowed ||
         here.exceptions->uncaught_exceptions != self.uncaught_at_entry;
}

/// Does what a fork rarely needs. Returns whether branches may be offered.
__attribute__((noinline)) bool prepare(fork_core& fork, fiber& self) {
  cooperate();  // may throw `cancelled`; in a simulation others may take turns
  if (self.depth == deepest_allowed) {
    throw std::length_error("heddle::fork_join: more than 65,534 scopes inside one another");
  }
  // As a group's children: they are to hear what the caller hears.
  if ((self.attention.load(std::memory_order_relaxed) & fiber::unchecked) != 0) {
    is_cancelled(self, nothing_heard);
  }
  if (self.unarmed != nullptr) arm_deadlines(self);
  domain_of(self);
  if (self.storage != nullptr) fork.context = self.storage->context;
  // What an exception unwinds does not hear of scopes outside; a branch elsewhere would.
  return worker::current()->exceptions->uncaught_exceptions <= self.uncaught_at_entry;
}

/// Ends the group with the join: it holds children that have failed, which lie in the branches.
struct group_end {
  fork_core& fork;
  ~group_end() {
    fork.group().~group_core();
    fork.has_group = false;
  }
};

}  // namespace

fork_core::fork_core() {
  worker* const here = worker::current();
  fiber* const self = here == nullptr ? nullptr : here->running();
  if (self == nullptr) return;
  if (is_unusual(*self, *here) && !prepare(*this, *self)) [[unlikely]]
    return;
  caller = self;
  scope = self->innermost;
  attention = &self->attention;
  depth_of_caller = &self->depth;
  floor = self->shield;
  depth = ++self->depth;
  const worker& now = *worker::current();  // prepare() may have changed loops
  calls_others = now.has_others() && (now.owner().idle.worth_waking() || now.in_turns);
}

void fork_core::call_others() noexcept {
  worker& here = *worker::current();
  here.in_turns ? end_turn() : here.call_for_help();
}

/// Not in the deque of the calling loop: it was taken, or the caller has left its stack meanwhile,
/// or there was no room.
bool fork_core::take_back_elsewhere(branch& one) noexcept {
  if (one.state.load(std::memory_order_relaxed) == branch_state::kept) return true;
  branch_list& left = worker::current()->owner().left_branches;
  // Whoever has it makes it a task of the group, or, for want of memory, puts it back: a few
  // instructions.
  while (!left.take_back(one)) {
    const auto is_decided = [](branch_state seen) { return seen != branch_state::offered; };
    if (spin_until(one.state, is_decided) == branch_state::taken) return false;
  }
  return true;
}

void fork_core::join() {
  const group_end after{*this};
  group_core& taken = group();
  try {
    join_group(taken);
  } catch (const cancelled&) {
    // One that comes when all have their results is left to the next suspension point.
    if (taken.child_cancelled.load(std::memory_order_relaxed)) throw;
  }
  if (taken.child_cancelled.load(std::memory_order_relaxed)) {
    throw task_cancelled("heddle::fork_join: a call has ended as cancelled, and its caller is not");
  }
}

void fork_core::fail() {
  if (caller == nullptr || !has_group) throw;
  const group_end after{*this};
  const std::exception_ptr left = std::current_exception();
  try {
    throw;
  } catch (const cancelled&) {
    cancel_by_owner(group());
  } catch (...) {
    fail_body(group());
  }
  join_group(group());
  std::rethrow_exception(left);
}

void fork_core::leave() noexcept {
  if (caller->attention.load(std::memory_order_relaxed) >> fiber::deepest_shift > depth) {
    lower_deepest(*caller);
  }
}

}  // namespace heddle::detail
