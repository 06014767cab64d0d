// SPDX-License-Identifier: MIT
// The suspicion that a runtime hangs: every loop has been parked for `stall_after`, tasks live, and
// nothing is pending that could wake one: no timer, no descriptor that a fiber waits on. A loop
// looks once a park, when it has lasted that long, unless a fiber waited for something outside when
// it parked: the loop where that goes on parks later. The one that parked last finds the others
// parked for longer, so somebody finds it, and nobody ticks. It is a suspicion: a plain thread or
// another runtime may hold what a fiber waits for. Not here: cycles of locks (lock_waits.hpp),
// found at once. Source: checkdead() of Go's runtime, which also ends the process; we only say so.
#include "sched/scheduler.hpp"

#include <exception>
#include <numeric>

namespace heddle::detail {

bool scheduler::waits_outside() const noexcept {
  std::uint64_t waits = 0;
  for (const auto& each : workers_) {
    waits += each->counters().outside_waits.value();
    waits -= each->counters().outside_waits_over.value();
  }
  return waits != 0;
}

bool scheduler::nothing_is_pending(clock::time_point now) const noexcept {
  for (const auto& each : workers_) {
    if (!each->has_parked_for(stall_after, now) || each->timers().armed() != 0) return false;
  }
  return !waits_outside() && inject.size() == 0 && live_tasks() != 0;
}

void scheduler::look_for_stall(clock::time_point now) noexcept {
  if (!nothing_is_pending(now)) return;
  // Once for as long as no fiber runs: of the loops that find it, the first.
  const std::uint64_t slices = std::accumulate(
      workers_.begin(), workers_.end(), std::uint64_t{0},
      [](std::uint64_t sum, const auto& each) { return sum + each->counters().slices.value(); });
  if (stalled_at_.exchange(slices, std::memory_order_relaxed) == slices) return;
  stall_report report;
  report.what = stall_report::kind::suspected_deadlock;
  report.lasted = stall_after;
  try {
    report.details = describe_fibers_(*this);
  } catch (const std::exception&) {
    report.details = "no memory to describe the fibers";
  }
  hooks->stall(report);
}

}  // namespace heddle::detail
