// SPDX-License-Identifier: MIT
// Waiting and waking: README.md, steps W1 to W6 and C1, C2.
#include "base/futex.hpp"
#include "fiber/fiber.hpp"
#include "sched/cancel.hpp"
#include "sched/resume.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"
#include "timer/wheel.hpp"
#include "wait/waiting.hpp"

#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/detail/group_core.hpp>
#include <heddle/runtime/detail/jump.hpp>
#include <heddle/runtime/detail/scope_frame.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace heddle {

namespace detail {

namespace {

/// Tells the policy, which may cancel something here and now.
__attribute__((noinline)) void tell_policy(fiber& self) noexcept {
  self.home->choices()->suspension_point(*self.task, self.subject());
}

}  // namespace

bool is_cancelled(fiber& self, scope_depth floor) noexcept {
  std::uint32_t seen = self.attention.load(std::memory_order_relaxed);
  if ((seen & fiber::unchecked) != 0) {
    // A cancel may have come between the body's start and the moment its runner could be found.
    // order: seq_cst — m, then the runtime's flag; partner: cancel_all(), flag and then m: if the
    // body's start has overwritten its m, it came before this in m's order, so the flag is seen.
    self.attention.fetch_and(~fiber::unchecked, std::memory_order_seq_cst);
    std::uint64_t state = self.task->state.load(std::memory_order_relaxed);
    if ((state & task_core::child) != 0) {
      enter_group(self);
    } else {
      // order: seq_cst — run_task() has stored the runner before this fence, the request is read
      // after it; request_cancel() does the opposite.
      std::atomic_thread_fence(std::memory_order_seq_cst);
      state = self.task->state.load(std::memory_order_relaxed);
    }
    if ((state & task_core::cancel) != 0 || self.home->cancels_all()) {
      self.attention.fetch_or(fiber::cancel, std::memory_order_relaxed);
    }
    if (self.home->choices() != nullptr) {
      self.attention.fetch_or(fiber::watched, std::memory_order_relaxed);
    }
    seen = self.attention.load(std::memory_order_relaxed);
  }
  if ((seen & fiber::watched) != 0 && floor != nothing_heard) [[unlikely]] {
    tell_policy(self);
    seen = self.attention.load(std::memory_order_relaxed);
  }
  return fiber::deepest_cancelled(seen) > floor;
}

scope_depth floor_now(const fiber& self) noexcept {
  return self.floor(worker::current()->exceptions->uncaught_exceptions);
}

cancel_reason reason_to_leave(const fiber& self, scope_depth floor) {
  if (floor == 0 && (self.attention.load(std::memory_order_relaxed) & fiber::cancel) != 0) {
    const std::uint64_t state = self.task->state.load(std::memory_order_relaxed);
    // order: acquire — partner: cancel_list::cancel(): the reason.
    if (self.member_of != nullptr && self.member_of->cancelled.load(std::memory_order_acquire)) {
      return self.member_of->reason;
    }
    if ((state & task_core::cancel) != 0) return {};
    return {"the runtime is shutting down", nullptr};
  }
  const scope_frame* taker = nullptr;
  for (const scope_frame* each = self.innermost; each != nullptr && each->depth >= floor;
       each = each->outer) {
    // order: acquire — partner: whoever cancelled: the reason.
    const std::uint32_t seen = each->word.load(std::memory_order_acquire);
    if ((seen & scope_frame::cancelled) != 0) taker = each;
  }
  if (taker == nullptr) {
    const auto below = static_cast<scope_depth>(self.depth + 1);
    const group_core* const fork = deepest_cancelled_fork(self, below, floor);
    return fork != nullptr ? fork->reason : cancel_reason{};
  }
  const bool late = (taker->word.load(std::memory_order_relaxed) & scope_frame::timed_out);
  return late ? cancel_reason{timed_out_text, nullptr} : taker->reason;
}

namespace {

/// Lets others run, whether cancelled or not: the wait around this has ended.
void give_way(fiber& self) noexcept {
  const handover next = worker::begin_yield(self);
  if (next.to == nullptr) return;
  const departure left = keep_context(jump(next.to, next.data));
  if (left.what != after::nothing) finish_switch(left);
}

/// Counts a wait that has ended before it could park: its limit has passed, or it is cancelled.
/// Whoever waits so again and again, to poll, must neither hold the loop nor keep the time-out
/// around it from coming.
__attribute__((noinline)) void spend_and_give_way(fiber& self) noexcept {
  if (--worker::current()->budget == 0) give_way(self);
}

wake_reason park_fiber(fiber& self, std::uint32_t epoch, deadline limit) noexcept {
  if (self.word.outcome().reason != wake_reason::none) return self.word.outcome().reason;
  if (self.unarmed != nullptr) [[unlikely]]
    arm_deadlines(self);
  if (limit.is_never()) {
    worker::park(self);
    return self.word.outcome().reason;
  }
  if (limit.passed() &&
      self.word.try_claim(epoch, wake_reason::timeout, 0) != wake_word::claim_result::lost) {
    spend_and_give_way(self);
    return wake_reason::timeout;
  }
  timer entry;
  entry.who = &self;
  entry.epoch = epoch;
  worker::current()->timers().arm(entry, limit.when());
  worker::park(self);
  // order: acquire — partner: timer_wheel::unlink(): a timer that has fired is not touched again.
  if (entry.state.load(std::memory_order_acquire) != timer_state::off) entry.wheel->disarm(entry);
  return self.word.outcome().reason;
}

wake_reason park_thread(thread_parker& self, std::uint32_t epoch, deadline limit) noexcept {
  self.signal.store(0, std::memory_order_relaxed);
  if (!self.word.commit_park()) return self.word.outcome().reason;
  // order: acquire — partner: resume_parker().
  while (self.signal.load(std::memory_order_acquire) == 0) {
    // Read once: a limit that passes between two looks must not make this a wait without end.
    const bool late = limit.passed();
    if (late &&
        self.word.try_claim(epoch, wake_reason::timeout, 0) != wake_word::claim_result::lost) {
      break;
    }
    // Late and lost: somebody has won and is about to signal.
    futex_wait(self.signal, 0, late ? deadline::never() : limit);
  }
  return self.word.outcome().reason;
}

}  // namespace

parker& parker_of_caller() noexcept {
  if (fiber* const self = worker::current_fiber()) return *self;
  return parker_of_plain_thread();
}

begun_wait::begun_wait(cancellation mode, wait_subject about) noexcept : who_(&parker_of_caller()) {
  who_->says(about);
  const bool heard = who_->what == parker::kind::fiber && mode == cancellation::deliver;
  epoch_ = who_->word.begin(heard ? floor_now(static_cast<fiber&>(*who_)) : nothing_heard);
}

bool begun_wait::must_stop() noexcept {
  if (who_->what != parker::kind::fiber) return false;
  auto& self = static_cast<fiber&>(*who_);
  if (self.attention.load(std::memory_order_relaxed) == 0) return false;
  const scope_depth floor = who_->word.floor();
  if (floor == nothing_heard || !is_cancelled(self, floor)) return false;
  who_->word.try_claim(epoch_, wake_reason::cancelled, 0);
  return true;
}

wake_reason begun_wait::park(deadline limit) noexcept {
  if (must_stop()) {
    spend_and_give_way(static_cast<fiber&>(*who_));
    return reason();
  }
  if (who_->what == parker::kind::thread) {
    return park_thread(static_cast<thread_parker&>(*who_), epoch_, limit);
  }
  return park_fiber(static_cast<fiber&>(*who_), epoch_, limit);
}

}  // namespace detail

waiter::waiter(cancellation mode, wait_subject about) noexcept {
  const detail::begun_wait begun(mode, about);
  who_ = &begun.who();
  epoch_ = begun.epoch();
}

waiter::~waiter() { who_->word.try_claim(epoch_, wake_reason::event, 0); }

wake_reason waiter::wait(deadline limit) noexcept {
  return detail::begun_wait(*who_, epoch_).park(limit);
}

std::uint16_t waiter::tag() const noexcept { return who_->word.outcome().tag; }

resumption waiter::claim(wake_reason reason, std::uint16_t tag) noexcept {
  // Counted before the claim, while the list's lock keeps the waiter, and with it its runtime,
  // alive; given back when it is resumed, or here.
  detail::parker* const who = who_;
  detail::visit_if_foreign visit(*who);
  switch (who->word.try_claim(epoch_, reason, tag)) {
    case detail::wake_word::claim_result::won_parked:
      visit.keep();
      return {who, true};
    case detail::wake_word::claim_result::won_running:
      return {nullptr, true};
    case detail::wake_word::claim_result::lost:
      break;
  }
  return {};
}

void resumption::resume_parked(detail::parker* parked) noexcept {
  const auto visit = detail::visit_if_foreign::kept(*parked);
  detail::resume_parker(*parked);
}

void resumption_list::add(resumption next) noexcept {
  detail::parker* const parked = std::exchange(next.parked_, nullptr);
  if (parked == nullptr) return;
  parked->next_resumed = nullptr;
  (last_ != nullptr ? last_->next_resumed : first_) = parked;
  last_ = parked;
}

void resumption_list::resume_all() noexcept {
  while (first_ != nullptr) {
    detail::parker* const next = first_->next_resumed;
    resumption::resume_parked(first_);
    first_ = next;
  }
  last_ = nullptr;
}

namespace {

[[noreturn]] __attribute__((cold, noinline)) void throw_cancelled() {
  const detail::fiber* const self = detail::worker::current_fiber();
  if (self == nullptr) throw cancelled{};
  throw cancelled(detail::reason_to_leave(*self, detail::floor_now(*self)));
}

}  // namespace

void throw_if_cancelled(wake_reason reason) {
  if (reason == wake_reason::cancelled) throw_cancelled();
}

void throw_if_cancelled() {
  detail::fiber* const self = detail::worker::current_fiber();
  if (self == nullptr || self->attention.load(std::memory_order_relaxed) == 0) return;
  const detail::scope_depth floor = detail::floor_now(*self);
  if (floor != detail::nothing_heard && detail::is_cancelled(*self, floor)) throw_cancelled();
}

void detail::look_up(bool spent) {
  if (spent) {
    give_way(*worker::current_fiber());  // also if it throws, again and again
  } else if (worker::current()->in_turns) {
    end_turn();
  }
  throw_if_cancelled();
}

void detail::end_turn() noexcept { worker::end_turn(*worker::current_fiber()); }

}  // namespace heddle
