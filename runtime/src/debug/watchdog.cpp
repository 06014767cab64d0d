// SPDX-License-Identifier: MIT
// The watcher's thread: when it looks, when it sleeps, what it says.
#include "debug/watchdog.hpp"

#include <heddle/runtime/error.hpp>

#include "base/rounded_time.hpp"
#include "debug/running_stack.hpp"
#include "sched/scheduler.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

namespace heddle::detail {

namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds shortest_interval = std::chrono::milliseconds{1};
constexpr nanoseconds longest_interval = std::chrono::milliseconds{50};

nanoseconds interval_for(nanoseconds limit) noexcept {
  return std::clamp(limit / 2, shortest_interval, longest_interval);
}

/// First after `first`, then each `interval`; 0: not at all.
void set_timer(const owned_fd& timer, nanoseconds first, nanoseconds interval) noexcept {
  itimerspec when{};
  when.it_value.tv_nsec = static_cast<long>(first.count());
  when.it_interval.tv_nsec = static_cast<long>(interval.count());
  ::timerfd_settime(timer.get(), 0, &when, nullptr);
}

/// The process's signals are for its other threads.
void become_watcher(const std::string& name) noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::array<char, 16> short_name{};
  std::snprintf(short_name.data(), short_name.size(), "%.9s-watch", name.c_str());
  ::pthread_setname_np(::pthread_self(), short_name.data());
}

std::string advice(const worker& loop) {
  return "it holds up loop " + std::to_string(loop.index()) +
         ": use cpu() or blocking() here (slow_slice = 0s turns this off)";
}

/// Returns what can be said of several slices, one of which at least was slow.
stall_report report_of(const late_return& what, nanoseconds limit) {
  stall_report report;
  report.lasted = what.lasted / static_cast<nanoseconds::rep>(what.slices);
  report.details =
      "one of the last " + std::to_string(what.slices) + " slices of loop " +
      std::to_string(what.loop.index()) + " was slower than " + rounded_time(limit) +
      ": use cpu() or blocking() there; from now on such a fiber is named while it runs";
  return report;
}

void describe(stall_report& report, const fiber_identity::copy& who) {
  report.id = who.id;
  report.spawned_at = who.site;
  report.name = who.name.data();
}

}  // namespace

watchdog::watchdog(scheduler& of)
    : of_(of),
      interval_(interval_for(of.settings().slow_slice)),
      notes_(of.loops(), slice_notes({of.settings().slow_slice, interval_})) {
  if (of.settings().debug) prepare_running_stacks();
}

void watchdog::watch() {
  if (of_.has_no_thread() && !of_.settings().debug) {
    of_.loop(0).tell_when_late(of_.settings().slow_slice);
  } else {
    start();
  }
}

watchdog::~watchdog() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard guard(lock_);
    ends_ = true;
    set_timer(timer_, nanoseconds{1}, nanoseconds{0});
  }
  thread_.join();
}

void watchdog::start() {
  timer_ = owned_fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  if (!timer_) {
    throw resource_exhausted(std::string("heddle: timerfd_create: ") + std::strerror(errno));
  }
  set_timer(timer_, interval_, interval_);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    throw resource_exhausted(std::string("heddle: cannot start the thread of the watchdog: ") +
                             error.what());
  }
}

void watchdog::rouse() noexcept { set_timer(timer_, interval_, interval_); }

void watchdog::run() noexcept {
  become_watcher(of_.settings().name);
  while (wait()) look();
}

bool watchdog::nothing_ran() noexcept {
  std::uint64_t slices = 0;
  for (std::size_t n = 0; n < of_.loops(); ++n) slices += of_.loop(n).counters().slices.value();
  return std::exchange(slices_, slices) == slices;
}

bool watchdog::wait() noexcept {
  const bool may_doze = nothing_ran();
  {
    const std::lock_guard guard(lock_);
    if (ends_) return false;
    if (may_doze) {
      // Before the doze: a loop that ends it sets the timer, and that must last.
      set_timer(timer_, nanoseconds{0}, nanoseconds{0});
      if (!of_.idle.start_doze()) set_timer(timer_, interval_, interval_);
    }
  }
  std::uint64_t expiries = 0;
  while (::read(timer_.get(), &expiries, sizeof expiries) < 0 && errno == EINTR) {
  }
  const std::lock_guard guard(lock_);
  return !ends_;
}

void watchdog::look() noexcept {
  const clock::time_point now = clock::now();
  for (std::size_t n = 0; n < of_.loops(); ++n) {
    worker& loop = of_.loop(n);
    const worker::slice seen = loop.present_slice();
    if (notes_[n].take({seen.number, seen.of != nullptr, now})) {
      report(loop, seen, now - notes_[n].since());
    }
  }
}

void watchdog::report(worker& loop, worker::slice seen, nanoseconds lasted) noexcept {
  if (!of_.hooks->hears_of(stall_report::kind::slow_slice))
    return;  // no signal for a report that nobody gets
  const fiber_identity::copy who = of_.stacks.identity_of(seen.of);
  if (who.id == fiber_id::none || loop.present_slice() != seen) return;
  stall_report report;
  report.lasted = lasted;
  try {
    describe(report, who);
    report.details = advice(loop);
    if (of_.settings().debug) {
      const running_stack stack = stack_of(loop, seen);
      if (stack.outcome == running_stack::outcome::ended) return;
      report.details += "\n" + text_of(stack);
    }
  } catch (const std::exception&) {
    // Better without words than not at all.
  }
  of_.hooks->stall(report);
}

bool watchdog::hear(const late_return& what) noexcept {
  const nanoseconds limit = of_.settings().slow_slice;
  // Else it may be that all of them together took long, and none by itself.
  const bool certain = what.lasted / limit >= static_cast<nanoseconds::rep>(what.slices);
  try {
    start();
  } catch (const std::exception&) {
    // As before, then: afterwards.
  }
  if (!certain) return thread_.joinable();
  stall_report report;
  try {
    if (what.slices > 1) report = report_of(what, limit);
    if (what.slices == 1) {
      report.lasted = what.lasted;
      describe(report, what.entered.identity.read());
      report.details = advice(what.loop);
    }
  } catch (const std::exception&) {
    // As above.
  }
  of_.hooks->stall(report);
  return thread_.joinable();
}

void watch_slices(scheduler& of) {
  if (of.settings().slow_slice == nanoseconds{0} || of.choices() != nullptr) return;
  auto made = std::make_unique<watchdog>(of);
  watchdog& dog = *made;
  of.watch = std::move(made);  // known to the loops before its thread can doze
  dog.watch();
}

}  // namespace heddle::detail
