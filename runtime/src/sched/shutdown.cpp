// SPDX-License-Identifier: MIT
// Ending a runtime: stop accepting, drain, cancel, wait until nothing lives, end the loops.
// Quiescence: tasks that ended are counted after they ended, tasks that were spawned before they
// can run, and only a live task spawns from inside. If the sum of ended, read first, equals the sum
// of spawned, read second, then nothing was alive in between, and with no spawns from outside
// nothing ever will be. A loop looks after its announcement, a full barrier: of two loops that end
// the last two tasks at once, the one that announces later sees both counts.
#include "sched/cancel.hpp"
#include "sched/scheduler.hpp"

#include "base/futex.hpp"

#include <algorithm>
#include <thread>

namespace heddle::detail {

std::uint64_t scheduler::live_tasks() const noexcept {
  // order: acquire — partner: submit().
  std::uint64_t ended = refused_outside_.load(std::memory_order_acquire);
  for (const auto& each : workers_) ended += each->counters().finished.published();
  // order: seq_cst — partner: submit(); after the ended counts.
  std::uint64_t begun = spawned_outside_.load(std::memory_order_seq_cst);
  for (const auto& each : workers_) begun += each->counters().spawned.published();
  return begun - ended;
}

void scheduler::note_idle() noexcept {
  // order: acquire — partner: shut_down(), stop().
  const bool stopping = stopping_.load(std::memory_order_acquire);
  // order: acquire — as above.
  if (!stopping && !draining_.load(std::memory_order_acquire)) return;
  if (live_tasks() != 0) return;
  quiet_.fetch_add(1, std::memory_order_relaxed);
  futex_wake(&quiet_);
  if (!stopping) return;
  // order: acq_rel — partner: ended(); one loop wakes the others.
  if (ended_.exchange(true, std::memory_order_acq_rel)) return;
  for (const auto& each : workers_) each->wake_up();
}

void scheduler::cancel_all() noexcept {
  // order: seq_cst — Dekker with a fiber's first wait, which reads it after a fence: a body that
  // this visit does not find waiting reads the flag.
  hindered_.fetch_or(by_shutdown, std::memory_order_seq_cst);
  stacks.for_each([](fiber& one) { tell(one, 0); });
}

bool scheduler::shut_down(std::chrono::nanoseconds grace) {
  // order: seq_cst — partner: submit().
  accepting_.store(false, std::memory_order_seq_cst);
  // order: release — partner: note_idle().
  draining_.store(true, std::memory_order_release);
  const auto quiet_by = [this](deadline limit) {
    while (live_tasks() != 0 && !limit.passed()) {
      const std::uint32_t seen = quiet_.load(std::memory_order_relaxed);
      for (const auto& each : workers_) each->wake_up();
      if (live_tasks() == 0) break;
      futex_wait(quiet_, seen, std::min(limit, deadline::after(std::chrono::milliseconds{50})));
    }
    return live_tasks() == 0;
  };
  if (quiet_by(deadline::after(grace))) return true;
  cancel_all();
  const std::chrono::nanoseconds at_least = std::chrono::milliseconds{100};
  return quiet_by(deadline::after(std::max(grace, at_least)));
}

void scheduler::stop() noexcept {
  // order: seq_cst — partner: submit().
  accepting_.store(false, std::memory_order_seq_cst);
  // order: release — partner: note_idle().
  stopping_.store(true, std::memory_order_release);
  if (simulated_ != nullptr) {
    simulated_->run_out();
  } else {
    cancel_all();
    for (const auto& each : workers_) each->wake_up();
    if (drives_loop_zero_) drive_loop(0, nullptr);
    for (std::thread& each : threads_) each.join();
  }
  // order: acquire — partner: end_visit(): a foreign thread may still be on its way out of
  // make_ready().
  while (visitors_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

scheduler::~scheduler() {
  stop();
  watch.reset();
}

}  // namespace heddle::detail
