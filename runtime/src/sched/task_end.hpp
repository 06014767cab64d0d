// SPDX-License-Identifier: MIT
// The runner's side of a task's state word, and what both sides need: spinning on it, reporting a
// failure.
#pragma once

#include <heddle/runtime/detail/task_core.hpp>

#include "base/cpu_relax.hpp"

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <exception>

namespace heddle::detail {

class worker;
struct parker;

/// Ends a task whose outcome is stored: wakes the joiner, reports an error that nobody will join,
/// frees a detached core. The core is not touched afterwards.
void end_task(task_core& core, worker& here) noexcept;

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

}  // namespace heddle::detail
