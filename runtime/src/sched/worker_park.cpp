// SPDX-License-Identifier: MIT
// Going to sleep and waking up: steps 2 to 5 of README.md, and the sentinel.
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <algorithm>

namespace heddle::detail {

bool worker::anything_to_do() const noexcept {
  if (has_bound() || holds_ || !inbox_.empty()) return true;
  return work_visible();
}

void worker::leave_parked() noexcept {
  const idle_set::withdrawal left = owner_.idle.withdraw(index_, sentinel_);
  if (left.chosen) searching_ = true;
  // This loop may now run a long slice: somebody who is parked must come to look.
  if (left.uncovered && !simulated_) owner_.tick.arm(sentinel_tick);
  if (left.unwatched && owner_.idle.end_doze()) owner_.watch->rouse();
}

void worker::decay_if_due(clock::time_point now) noexcept {
  if (now - last_decay_ < decay_interval) return;
  last_decay_ = now;
  owner_.stacks.decay();
  owner_.blocks.decay();
}

void worker::sleep(const task_core* until, resumption_list& ready) noexcept {
  const clock::time_point began = clock::now();
  parked_since_.store(began.time_since_epoch().count(), std::memory_order_relaxed);
  // A time-out for nothing makes each sleep a tenth dearer: 0.2 us.
  bool looked_for_stall = owner_.waits_outside();
  for (clock::time_point now = began;;) {
    deadline wake_at = next_due();
    if (!looked_for_stall) wake_at = std::min(wake_at, deadline(began + stall_after));
    if (sentinel_) wake_at = std::min(wake_at, deadline(now + sentinel_tick));
    if (owner_.stacks.has_excess()) {
      wake_at = std::min(wake_at, deadline(now + decay_interval));
    }
    const reactor::harvest found = reactor_->poll(wake_at, ready);
    counters_.polls.add();
    counters_.events.add(found.events);
    if (found.tick) {
      owner_.tick.received();
      if (!sentinel_) sentinel_ = owner_.idle.become_sentinel();
    }
    if (found.woken || found.events != 0 || finished(until)) return;
    now = clock::now();
    if (next_due() <= now) return;
    if (sentinel_) {
      if (help_stuck_loops()) return;
      // Nobody runs: whoever withdraws next arms the tick timer.
      if (owner_.idle.end_sentinel()) sentinel_ = false;
    }
    decay_if_due(now);
    if (!looked_for_stall && now >= began + stall_after) {
      looked_for_stall = true;
      owner_.look_for_stall(now);
    }
  }
}

void worker::park_loop(const task_core* until) noexcept {
  owner_.note_idle();
  if (finished(until)) return;
  sentinel_ = owner_.idle.announce(index_, searching_);
  searching_ = false;
  owner_.note_idle();
  if (finished(until) || anything_to_do()) {
    leave_parked();
    look_around();
    return;
  }
  counters_.parks.add();
  nest_.forget_waits();
  retry_at_ = starves() ? clock::now() + stack_retry : clock::time_point::max();
  trace(trace_kind::park, fiber_id::none, 0);
  if (simulated_) {
    asleep_ = true;  // worker_turn.cpp goes on from here
    return;
  }
  resumption_list ready;
  sleep(until, ready);
  parked_since_.store(0, std::memory_order_relaxed);
  rise(ready);
}

void worker::rise(resumption_list& ready) noexcept {
  leave_parked();
  trace(trace_kind::unpark, fiber_id::none, 0);
  ready.resume_all();
  const clock::time_point now = clock::now();
  if (look_back_) look_back_->is_on_root(now, counters_.slices.value());
  const timer_wheel::due due = timers_.advance(now);
  counters_.timers.add(due.fired);
  end_waits(due);
  decay_if_due(now);
  help_if_due(now);  // a loop that its own events wake again and again is never the sentinel
  look_around();
}

void worker::look_around() noexcept {
  picks_left_ = picks_of_a_visit();  // it has just polled
  take_injected();
  // Producers relied on this loop, which may have been chosen for what it took just now: who else
  // would run the second job, before the sentinel looks?
  if (shared_ && fifo_.size() > 1 && owner_.idle.worth_waking()) wake_one();
}

}  // namespace heddle::detail
