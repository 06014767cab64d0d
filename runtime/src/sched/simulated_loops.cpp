// SPDX-License-Identifier: MIT
// Whose turn it is, when time passes, and what is done with a program that cannot end.
#include "sched/simulated_loops.hpp"

#include "sched/scheduler.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace heddle::detail {

namespace {

/// While it lives, the thread is that loop's.
class as_loop {
 public:
  explicit as_loop(worker& loop) noexcept { set_thread_state(&loop); }
  ~as_loop() { set_thread_state(nullptr); }
  as_loop(const as_loop&) = delete;
  as_loop& operator=(const as_loop&) = delete;
};

/// Returns what there is memory for.
std::string describe(scheduler& of) noexcept {
  try {
    return of.describe_fibers();
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace

simulated_loops::simulated_loops(scheduler& owner, policy& decides)
    : owner_(owner), decides_(decides) {
  ready_.reserve(owner.loops());
}

void simulated_loops::run(const task_core* until) noexcept {
  if (!std::exchange(adopted_, true)) {
    for (std::size_t n = 0; n < owner_.loops(); ++n) owner_.loop(n).adopt_thread();
  }
  const auto over = [&] { return until != nullptr ? is_done(*until) : owner_.ended(); };
  while (!abandoned_ && !over()) give_turn(until);
}

void simulated_loops::leave_behind() noexcept {
  if (stopped_) return;
  std::size_t timers = 0;
  for (std::size_t n = 0; n < owner_.loops(); ++n) timers += owner_.loop(n).timers().armed();
  decides_.left_behind(owner_.live_tasks() != 0 ? describe(owner_) : std::string(), timers);
}

void simulated_loops::run_out() noexcept {
  if (abandoned_) return;
  cancel();
  run(nullptr);
}

void simulated_loops::give_turn(const task_core* until) noexcept {
  find_ready();
  if (ready_.empty()) return let_time_pass();
  if (decides_.is_endless()) return stop(policy::stop_kind::endless);
  worker& next = owner_.loop(decides_.choose_loop(ready_));
  const as_loop here(next);
  decides_.between_turns();
  next.take_turn(until);
}

void simulated_loops::find_ready() noexcept {
  // Who sleeps may wake for no reason at all, and takes what it finds: so it is asked whenever
  // there is something to be found.
  const bool any_work = owner_.loop(0).work_visible();
  const clock::time_point now = decides_.now();
  ready_.clear();
  for (std::size_t n = 0; n < owner_.loops(); ++n) {
    if (any_work || owner_.loop(n).wants_turn(now)) ready_.push_back(static_cast<unsigned>(n));
  }
}

void simulated_loops::let_time_pass() noexcept {
  if (events_arrive()) return;
  clock::time_point next = decides_.next_event();
  for (std::size_t n = 0; n < owner_.loops(); ++n) {
    next = std::min(next, owner_.loop(n).next_due());
  }
  if (next == clock::time_point::max()) return stop(policy::stop_kind::deadlock);
  decides_.pass_time(next);
}

bool simulated_loops::events_arrive() noexcept {
  bool any = false;
  {
    const as_loop here(owner_.loop(0));
    any = decides_.run_event();
  }
  for (std::size_t n = 0; n < owner_.loops(); ++n) {
    worker& each = owner_.loop(n);
    const as_loop here(each);
    any = each.take_events() || any;
  }
  return any;
}

void simulated_loops::stop(policy::stop_kind why) noexcept {
  std::string fibers = describe(owner_);
  if (std::exchange(stopped_, true)) {
    abandoned_ = true;
    owner_.stacks.for_each([](fiber& one) { one.saved.sanitizer.abandon(); });
    for (std::size_t n = 0; n < owner_.loops(); ++n) owner_.loop(n).events()->shut_down();
    owner_.tick.close();
    return decides_.abandoned(std::move(fibers), &owner_);
  }
  decides_.stopped(why, std::move(fibers));
  cancel();
}

void simulated_loops::cancel() noexcept {
  const as_loop here(owner_.loop(0));
  owner_.cancel_all();
  for (std::size_t n = 0; n < owner_.loops(); ++n) owner_.loop(n).wake_up();
}

}  // namespace heddle::detail
