// SPDX-License-Identifier: MIT
// The runner's side of a task's state word, and what both sides need: spinning on it, reporting a
// failure.
#pragma once

#include <heddle/runtime/detail/task_core.hpp>

#include "base/cpu_relax.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <sched.h>

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

/// Hands the failure of a task, if it is one, to its runtime's hook.
void report_failure(task_core& core) noexcept;

constexpr bool is_set(std::uint64_t state, std::uint64_t bits) noexcept {
  return (state & bits) != 0;
}

/// Spins until `state` fulfils `reached`; the other side is a few instructions away.
template <class Reached>
std::uint64_t spin_until(const std::atomic<std::uint64_t>& state, Reached reached) noexcept {
  constexpr int spins_before_yield = 64;
  for (int spins = 0;; ++spins) {
    // order: acquire — partner: the runner's or canceller's last store.
    const std::uint64_t seen = state.load(std::memory_order_acquire);
    if (reached(seen)) return seen;
    spins < spins_before_yield ? cpu_relax() : static_cast<void>(::sched_yield());
  }
}

/// A failed task may be dropped after its runtime has ended: it keeps who is to be told.
void keep_hooks(task_core& core, const worker& here) noexcept;

/// Goes on with end_task() where somebody waits for the task, looks at its fiber, or has let it go.
/// `before`: the word as it was when completing was set.
void end_watched(task_core& core, worker& here, std::uint64_t before) noexcept;

inline void publish_end(task_core& core, worker& here) noexcept {
  scheduler& owner = here.owner();
  const bool main_task = owner.is_main(core);
  // order: release — the outcome, for whoever sees done; the last touch of the core.
  core.state.store(task_core::completing | task_core::done, std::memory_order_release);
  if (main_task) [[unlikely]]
    owner.loop(0).wake_up();
}

/// Ends a task whose outcome is stored: wakes the joiner, reports an error that nobody will join,
/// frees a detached core. The core is not touched afterwards. May suspend, in the user's hook.
inline void end_task(task_core& core, worker& here) noexcept {
  core.runner.store(nullptr, std::memory_order_relaxed);
  if (core.outcome == task_outcome::failure) [[unlikely]]
    keep_hooks(core, here);
  // order: acq_rel — releases the outcome; acquires what joiner, canceller and dropper have done.
  const std::uint64_t before =
      core.state.fetch_add(task_core::completing, std::memory_order_acq_rel);
  if ((before & ~task_core::cancel) != 0) return end_watched(core, here, before);
  here.count_finished();  // before anybody can see the end
  publish_end(core, here);
}

}  // namespace heddle::detail
