// SPDX-License-Identifier: MIT
// Waiting for the end of a task: a join by a direct switch, by the parker in the task's word, or,
// as one of several things, by a watch. Proof: wait/README.md, "Joining a task".
#include <heddle/runtime/task.hpp>

#include "base/assert.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"
#include "scope/task_handle.hpp"
#include "wait/waiting.hpp"

#include <atomic>
#include <bit>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace heddle::detail {

namespace {

/// Puts the caller's parker into the word. Returns false if the task has ended meanwhile.
bool register_joiner(task_core& core, const parker& self) noexcept {
  const auto joiner = std::bit_cast<std::uintptr_t>(&self);
  HEDDLE_ASSERT((joiner & ~task_core::joiner) == 0, "join: an address of more than 48 bits");
  share_with_loop(core);
  std::uint64_t seen = core.state.load(std::memory_order_relaxed);
  do {
    if (has_ended(core, seen)) return false;
    HEDDLE_ASSERT((seen & task_core::joiner) == 0, "join: somebody else is joining this task");
    // order: release — the wait has begun; partner: end_task().
  } while (!core.state.compare_exchange_weak(seen, seen | joiner, std::memory_order_release,
                                             std::memory_order_relaxed));
  return true;
}

/// Takes it out again. Returns false if the runner has found it: then the task has ended.
bool unregister_joiner(task_core& core) noexcept {
  share_with_loop(core);
  std::uint64_t seen = core.state.load(std::memory_order_relaxed);
  do {
    if (has_ended(core, seen)) return false;
    // order: relaxed — nothing is published by leaving.
  } while (!core.state.compare_exchange_weak(seen, seen & ~task_core::joiner,
                                             std::memory_order_relaxed, std::memory_order_relaxed));
  return true;
}

/// Ends a join whose wait has ended for `reason`. Returns false if it was cancelled: the task goes
/// on.
bool leave_join(task_core& core, wake_reason reason) noexcept {
  if (reason == wake_reason::cancelled && unregister_joiner(core)) return false;
  wait_for_done(core);
  return true;
}

/// A task that waited for its own end would wait for ever.
void check_other_task(const task_core& core, const fiber* self, cancellation mode) {
  if (self == nullptr || self->task != &core) return;
  HEDDLE_ASSERT(mode == cancellation::deliver,
                "~task: a task owns the handle to itself, and would wait for its own end");
  throw std::logic_error("heddle::task::join: a task joins itself");
}

/// Waits for the end. Returns false if the wait was cancelled: the task goes on.
/// Errors: std::logic_error if it is the caller itself; shielded, the process stops.
inline __attribute__((always_inline)) bool await_end(task_core& core, cancellation mode) {
  if (is_done(core)) return true;
  fiber* const self = worker::current_fiber();
  const bool may_claim = self != nullptr && (self->attention.load(std::memory_order_relaxed) == 0 ||
                                             !is_cancelled(*self, floor_now(*self)));
  if (may_claim && worker::claim(*self, core, mode)) {
    return is_done(core) || leave_join(core, self->word.outcome().reason);
  }
  check_other_task(core, self, mode);
  begun_wait wait(mode, {join_kind, core.id});
  if (!register_joiner(core, wait.who())) {
    wait_for_done(core);
    return true;
  }
  return leave_join(core, wait.park({}));
}

}  // namespace

bool watch_end(task_core& core, const waiter& self) {
  if (is_done(core)) return false;
  check_other_task(core, worker::current_fiber(), cancellation::deliver);
  const auto mine = std::bit_cast<std::uintptr_t>(self.who_);
  if ((core.state.load(std::memory_order_relaxed) & task_core::joiner) == mine) return true;
  return register_joiner(core, *self.who_);
}

bool unwatch_end(task_core& core) noexcept {
  if (is_done(core)) return true;
  if (unregister_joiner(core)) return false;
  wait_for_done(core);
  return true;
}

void wait_done(task_core& core) {
  if (!await_end(core, cancellation::deliver)) throw_if_cancelled(wake_reason::cancelled);
}

void wait_done_shielded(task_core& core) noexcept { await_end(core, cancellation::shield); }

void throw_no_task(const char* operation) {
  throw std::logic_error(std::string("heddle::task::") + operation +
                         ": this handle has no task (joined, detached or moved from)");
}

void rethrow_outcome(task_core& core) {
  if (core.outcome == task_outcome::failure) std::rethrow_exception(stored_failure(core));
  const std::string_view name = name_of(core);
  throw task_cancelled("heddle: task " +
                       (name.empty() ? std::to_string(static_cast<std::uint64_t>(core.id))
                                     : "\"" + std::string(name) + "\"") +
                       " was cancelled");
}

}  // namespace heddle::detail
