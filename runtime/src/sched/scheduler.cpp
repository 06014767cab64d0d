// SPDX-License-Identifier: MIT
// Building the loops, starting their threads, and the ways in from outside.
#include "sched/scheduler.hpp"

#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/error.hpp>

#include "base/loop_thread.hpp"
#include "fiber/task_storage.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace heddle::detail {

scheduler::scheduler(config settings, loop_zero first, identity who)
    : scheduler(std::move(settings), nullptr, who, first == loop_zero::calling_thread) {
  start_threads(first);  // if it throws, the destructor stops those that have started
}

scheduler::scheduler(config settings, policy& decides, identity who)
    : scheduler(std::move(settings), &decides, who, false) {
  simulated_ = std::make_unique<simulated_loops>(*this, decides);
}

scheduler::scheduler(config settings, policy* decides, identity who, bool drives_loop_zero)
    : hooks(std::make_shared<error_hooks>(settings)),
      idle(settings.loops),
      stacks({settings.stack_bytes, settings.max_mprotect_guards}, *this, &worker::fiber_main),
      settings_(std::move(settings)),
      face_(who.face),
      describe_fibers_(who.describe_fibers),
      policy_(decides),
      started_at_(decides != nullptr ? decides->now() : clock::now()),
      drives_loop_zero_(drives_loop_zero) {
  count_forks(&worker::mark_forked);
  if (::sysconf(_SC_PAGESIZE) != static_cast<long>(page_bytes)) {
    throw std::runtime_error(
        "heddle: built for pages of 4096 bytes, which this system does not have");
  }
  workers_.reserve(settings_.loops);
  for (unsigned index = 0; index < settings_.loops; ++index) {
    workers_.push_back(std::make_unique<worker>(*this, index));
  }
}

void scheduler::start_threads(loop_zero first) {
  const unsigned begin = first == loop_zero::calling_thread ? 1 : 0;
  threads_.reserve(settings_.loops);
  try {
    for (unsigned index = begin; index < settings_.loops; ++index) {
      threads_.emplace_back([this, index] { run_loop(index); });
    }
  } catch (const std::system_error& error) {
    throw resource_exhausted("heddle: cannot start loop " +
                             std::to_string(threads_.size() + begin) + " of " +
                             std::to_string(settings_.loops) + ": " + error.what());
  }
}

void scheduler::run_loop(unsigned index) noexcept {
  std::array<char, 16> name{};  // no memory is asked for here: there is nobody to tell
  std::snprintf(name.data(), name.size(), "%s-%u", settings_.name.c_str(), index);
  ::pthread_setname_np(::pthread_self(), name.data());
  drive_loop(index, nullptr);
}

void scheduler::drive_loop(unsigned index, const task_core* until) noexcept {
  const loop_thread here({settings_.pin_loops, index, settings_.debug});
  workers_[index]->run(until);
}

std::uint64_t scheduler::take_ids(std::uint64_t count) noexcept {
  if (policy_ != nullptr) return std::exchange(own_ids_, own_ids_ + count) + 1;
  static std::atomic<std::uint64_t> last{
      0};  // only ever grows: runtimes do not share anything by it
  return last.fetch_add(count, std::memory_order_relaxed) + 1;
}

void scheduler::check_loop(const task_core& core) const {
  if (core.extras() == nullptr || core.extras()->loop == spawn_extras::any_loop) return;
  if (core.extras()->loop < workers_.size()) return;
  throw std::invalid_argument(
      "heddle: spawn_options::loop = " + std::to_string(core.extras()->loop) + ", but runtime \"" +
      settings_.name + "\" has " + std::to_string(workers_.size()) + " loops");
}

void scheduler::throw_shut_down() const {
  throw heddle::shut_down("heddle: spawn on runtime \"" + settings_.name +
                          "\", which has been told to stop");
}

void scheduler::throw_inherited() const {
  throw std::logic_error("heddle: runtime \"" + settings_.name +
                         "\" is used in a child of fork(), where its loops do not run: make a "
                         "runtime there, or use io::process instead of fork()");
}

void scheduler::submit(task_core& core) {
  worker* const here = worker::current();
  if (!is_foreign(here)) {
    here->spawn(core);
    return;
  }
  if (is_inherited()) throw_inherited();
  if (policy_ != nullptr && !is_main(core)) {
    touched_.store(true, std::memory_order_relaxed);
    throw std::logic_error("heddle: spawn into a simulation from another thread");
  }
  check_loop(core);
  inherit_context(core);
  const visit while_here(*this);
  // order: seq_cst — counted before accepting_ is read; shut_down() clears accepting_ before
  // quiescence is looked for, so either this sees the stop or the stop sees this task.
  spawned_outside_.fetch_add(1, std::memory_order_seq_cst);
  // order: seq_cst — see above.
  if (!accepting_.load(std::memory_order_seq_cst)) {
    // order: release — partner: live_tasks().
    refused_outside_.fetch_add(1, std::memory_order_release);
    workers_[0]->wake_up();  // every loop may have taken this task for a live one
    throw_shut_down();
  }
  core.id = fiber_id{take_ids(1)};
  workers_[0]->tag_loop(core);
  if (core.extras() != nullptr && core.extras()->loop != spawn_extras::any_loop) {
    workers_[core.extras()->loop]->put_inbox(core);
    return;
  }
  inject_job(core);
}

void scheduler::inject_job(job& item) noexcept {
  inject.push(item);
  if (idle.must_wake()) wake_one();
}

bool scheduler::wake_one() noexcept {
  const int chosen = idle.choose();
  if (chosen < 0) return false;
  loop(static_cast<std::size_t>(chosen)).wake_up();
  return true;
}

void scheduler::make_ready(fiber& one) noexcept {
  worker* const here = worker::current();
  worker* const bound_to = one.pinned_to;
  if (!is_foreign(here) && (bound_to == nullptr || bound_to == here)) {
    here->make_ready(one);
    return;
  }
  make_ready_elsewhere(one);
}

void scheduler::make_ready_elsewhere(fiber& one) noexcept {
  // Not told to the policy here: it may be gone, if the fiber is one that was abandoned.
  if (policy_ != nullptr && is_foreign(worker::current())) {
    touched_.store(true, std::memory_order_relaxed);
  }
  worker* const bound_to = one.pinned_to;
  one.status.store(fiber::state::runnable, std::memory_order_relaxed);
  if (bound_to != nullptr) {
    bound_to->put_inbox(one);
    return;
  }
  inject_job(one);
}

void scheduler::drive(task_core& main_task) {
  main_task_.store(&main_task, std::memory_order_relaxed);
  submit(main_task);
  if (simulated_ != nullptr) {
    simulated_->run(&main_task);
    simulated_->leave_behind();
  } else {
    drive_loop(0, &main_task);
  }
  main_task_.store(nullptr, std::memory_order_relaxed);
  if (simulated_ == nullptr) return;
  stop();  // what was left running ends in turns too
  policy_->finish(touched_.load(std::memory_order_relaxed));
}

void scheduler::note_unguarded() noexcept {
  if (reported_unguarded_.exchange(true, std::memory_order_relaxed)) return;
  stall_report report;
  report.what = stall_report::kind::unguarded_stacks;
  report.details =
      "the kernel guards no more stacks (MADV_GUARD_INSTALL needs Linux 6.13; mprotect guards end "
      "at "
      "config::max_mprotect_guards): an overflow of the others is not noticed";
  const shield_guard quiet(std::nothrow);  // a fiber, cancelled perhaps, may be asking for a stack
  hooks->stall(report);
}

runtime_stats scheduler::stats() const {
  runtime_stats result;
  for (const auto& each : workers_) {
    const loop_counters& from = each->counters();
    loop_stats to;
    to.slices = from.slices.value();
    to.spawned = from.spawned.value();
    to.finished = from.finished.value();
    to.claimed = from.claimed.value();
    to.stolen = from.stolen.value();
    to.stolen_timers = from.stolen_timers.value();
    to.stolen_events = from.stolen_events.value();
    to.injected = from.injected.value();
    to.wakeups = from.wakeups.value();
    to.parks = from.parks.value();
    to.polls = from.polls.value();
    to.events = from.events.value();
    to.timers = from.timers.value();
    to.searches = from.searches.value();
    result.loops.push_back(to);
  }
  result.live_tasks = live_tasks();
  result.stacks = stacks.stacks();
  std::uint64_t spare = stacks.pooled();
  for (const auto& each : workers_) spare += each->spare_fibers();
  result.stacks_in_use = result.stacks - std::min(result.stacks, spare);
  result.unguarded_stacks = stacks.unguarded();
  result.unhandled_errors = hooks->unhandled_count();
  return result;
}

}  // namespace heddle::detail
