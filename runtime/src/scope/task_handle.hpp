// SPDX-License-Identifier: MIT
// What the handle's owner does with a task's state word before joining, cancelling or detaching it.
// Not here: the runner's side (sched/task_end.cpp). Proof: wait/README.md, "Joining a task".
#pragma once

#include "base/heavy_fence.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"

#include <atomic>
#include <cstdint>

namespace heddle::detail {

/// Waits for the end of a task, shielded. A task that waits for itself ends the process.
void wait_done_shielded(task_core& core) noexcept;

/// Returns whether the task is run by a lone loop that is not the caller's.
inline bool is_foreign(std::uint64_t state) noexcept {
  const std::uint64_t tag = state >> task_core::lone_loop_shift;
  if (tag == 0) return false;
  const worker* const here = worker::current();
  return here == nullptr || here->lone_tag() != tag;
}

/// Before the handle's owner changes the word: a lone loop, whose ends have no fence, is told to
/// end this task by the locked way. The fence is for both; once a task, and the loop never waits
/// for it.
inline void share_with_loop(task_core& core) noexcept {
  const std::uint64_t seen = core.state.load(std::memory_order_relaxed);
  if (is_set(seen, task_core::shared) || !is_foreign(seen)) return;
  // order: seq_cst — shared, then stage; partner: begin_end(): stage, then state.
  core.state.fetch_or(task_core::shared, std::memory_order_seq_cst);
  heavy_fence();
}

/// Returns whether the runner has come too far to find what is put into the word now; `seen` is
/// the word.
inline bool has_ended(const task_core& core, std::uint64_t seen) noexcept {
  return is_set(seen, task_core::completing) ||
         core.stage.load(std::memory_order_relaxed) != task_stage::open;
}

/// Spins until the runner, which completes the task, has made its last touch.
inline void wait_for_done(const task_core& core) noexcept {
  spin_until(core.stage, [](task_stage seen) { return seen == task_stage::done; });
}

}  // namespace heddle::detail
