// SPDX-License-Identifier: MIT
// The runner's side of a task's state word, and what both sides need: spinning on it, reporting a
// failure.
#pragma once

#include <heddle/runtime/detail/task_core.hpp>

#include "base/spin_wait.hpp"
#include "sched/end_child.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <atomic>
#include <cstdint>
#include <exception>

namespace heddle::detail {

/// Ends a task whose joiner switched to it and, as it never suspended, is about to go on by a
/// switch back.
void end_claimed_task(task_core& core, worker& here) noexcept;

/// Puts the joiner of a claimed task that suspends into the task's word.
void register_claimer(task_core& core, const parker& joiner) noexcept;

/// Returns the exception of a failed task.
std::exception_ptr stored_failure(task_core& core) noexcept;

/// Hands the failure of a task, if it is one, to its runtime's hook, which is shielded.
void report_failure(task_core& core) noexcept;

/// Frees a task whose result nobody wants, on the fiber that has run it: the result's destructor
/// may wait and make fiber_locals, which end before the core is gone.
void end_unwanted(fiber& self, task_core& core) noexcept;

/// Returns whether what is left of a task that is done can be freed without any destructor.
inline bool leaves_nothing_to_destroy(const task_core& core) noexcept {
  return core.outcome == task_outcome::value && core.operations->trivial_value &&
         core.extras() == nullptr;
}

constexpr bool is_set(std::uint64_t state, std::uint64_t bits) noexcept {
  return (state & bits) != 0;
}

/// Spins until `word` fulfils `reached`, and gives the core away; the other side is a few
/// instructions away, or, if it is not running, a turn of the system's.
template <class Word, class Reached>
Word spin_until(const std::atomic<Word>& word, Reached reached) noexcept {
  for (spin_wait pause;; pause.once()) {
    // order: acquire — partner: the runner's last store, or that of the handle's owner.
    const Word seen = word.load(std::memory_order_acquire);
    if (reached(seen)) return seen;
  }
}

/// A failed task may be dropped after its runtime has ended: it keeps who is to be told.
void keep_hooks(task_core& core, const worker& here) noexcept;

/// Goes on with end_task() where somebody waits for the task, looks at its fiber, or has let it go.
/// `seen`: what begin_end() returned.
void end_watched(task_core& core, worker& here, std::uint64_t seen) noexcept;

/// Says that the task completes; returns the word as it was then, or, on a lone loop, after that.
inline std::uint64_t begin_end(task_core& core, const worker& here) noexcept {
  if (here.lone_tag() == 0) {
    // order: acq_rel — releases the outcome; acquires what joiner, canceller and dropper have done.
    return core.state.fetch_add(task_core::completing, std::memory_order_acq_rel);
  }
  core.stage.store(task_stage::completing, std::memory_order_relaxed);
  // order: seq_cst — stage, then state, for the compiler; the processor is told by whoever shares
  // the task (share_with_loop).
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return core.state.load(std::memory_order_relaxed);
}

inline void publish_end(task_core& core, worker& here) noexcept {
  scheduler& owner = here.owner();
  const bool main_task = owner.is_main(core);
  // order: release — the outcome, for whoever sees done; the last touch of the core.
  core.stage.store(task_stage::done, std::memory_order_release);
  if (main_task) [[unlikely]]
    owner.loop(0).wake_up();
}

/// Ends a task whose outcome is stored: wakes the joiner, reports an error that nobody will join,
/// frees a detached core. The core is not touched afterwards. May suspend, in the user's hook.
/// Returns the maker of its group if that goes on now, as end_child().
inline fiber* end_task(task_core& core, worker& here) noexcept {
  core.runner.store(nullptr, std::memory_order_relaxed);
  if (core.outcome == task_outcome::failure) [[unlikely]]
    keep_hooks(core, here);
  if (is_set(core.state.load(std::memory_order_relaxed), task_core::child)) {
    return end_child(core, here);
  }
  const std::uint64_t seen = begin_end(core, here);
  constexpr std::uint64_t watched =
      task_core::joiner | task_core::detached | task_core::busy | task_core::shared;
  if (is_set(seen, watched)) {
    end_watched(core, here, seen);
    return nullptr;
  }
  here.count_finished();  // before anybody can see the end
  publish_end(core, here);
  return nullptr;
}

}  // namespace heddle::detail
