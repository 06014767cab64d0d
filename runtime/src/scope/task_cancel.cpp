// SPDX-License-Identifier: MIT
// Ending a task from its handle: a request to leave, which its fiber is held for; letting it go on
// alone; dropping it. Proof: wait/README.md, "Joining a task".
#include <heddle/runtime/task.hpp>

#include "sched/cancel.hpp"
#include "sched/task_end.hpp"
#include "scope/task_handle.hpp"

#include <atomic>
#include <cstdint>

namespace heddle::detail {

namespace {

/// Keeps the fiber that runs a task on it: its end waits until the canceller has gone.
class held_fiber {
 public:
  explicit held_fiber(task_core& core) noexcept
      // order: seq_cst — the request, then the runner; partner: begun_wait, which at a body's first
      // wait reads the word after a fence.
      : core_(core),
        before_(
            core.state.fetch_or(task_core::busy | task_core::cancel, std::memory_order_seq_cst)) {}
  ~held_fiber() {
    // order: release — partner: end_watched().
    core_.state.fetch_and(~task_core::busy, std::memory_order_release);
  }
  held_fiber(const held_fiber&) = delete;
  held_fiber& operator=(const held_fiber&) = delete;

  /// Returns who runs the task; null if it has not begun, or has come too far.
  fiber* runner() const noexcept {
    if (has_ended(core_, before_)) return nullptr;
    // order: seq_cst — after the request.
    return core_.runner.load(std::memory_order_seq_cst);
  }

 private:
  task_core& core_;
  std::uint64_t before_;
};

/// Leaves the core to the runner. Returns false if the task has ended: it stays the caller's.
bool leave_to_runner(task_core& core) noexcept {
  share_with_loop(core);
  // A lone loop's end shows in the stage alone; beside other loops the word below decides.
  if (has_ended(core, 0)) return false;
  // order: acq_rel — whichever of runner and handle is second frees the core, and sees what the
  // other wrote.
  const std::uint64_t before = core.state.fetch_or(task_core::detached, std::memory_order_acq_rel);
  return !is_set(before, task_core::completing);
}

}  // namespace

void request_cancel(task_core& core) noexcept {
  share_with_loop(core);
  // Asked again and again, the end must not be made to wait again and again.
  if (has_ended(core, core.state.load(std::memory_order_relaxed))) return;
  cancel_list groups({});
  const held_fiber held(core);
  fiber* const runner = held.runner();
  if (runner == nullptr) return;
  // The fiber keeps its runtime.
  ask_to_leave(*runner, 0, groups);
}

void detach(task_core& core) noexcept {
  if (!is_done(core) && leave_to_runner(core)) return;
  wait_for_done(core);
  report_failure(core);
  release_unwanted(core);
}

void drop(task_core& core) noexcept {
  if (!is_done(core)) {
    request_cancel(core);
    wait_done_shielded(core);
  }
  report_failure(core);
  release_unwanted(core);
}

}  // namespace heddle::detail
