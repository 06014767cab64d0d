// SPDX-License-Identifier: MIT
// Entering and leaving scopes, cancelling them, and who takes the exception: README.md, E1 to E3
// and Q1. Not here: Q2 to Q4 (sched/cancel.cpp), shields (sched/shield.cpp).
#include <heddle/runtime/cancel.hpp>

#include "fiber/fiber.hpp"
#include "sched/cancel.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"
#include "timer/wheel.hpp"
#include "wait/waiting.hpp"

#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle {

namespace detail {

cancel_reason cancel_reason::copy_of(std::string_view text) noexcept {
  if (text.empty()) return {};
  try {
    auto copy = std::make_shared<const std::string>(text);
    const std::string_view kept = *copy;
    return {kept, std::move(copy)};
  } catch (const std::bad_alloc&) {
    return {};  // a cancel without its reason is better than none
  }
}

namespace {

[[noreturn]] __attribute__((cold, noinline)) void throw_cannot_enter(const fiber* self) {
  if (self == nullptr) {
    throw std::logic_error(
        "heddle: a cancel_scope or a time-out outside a fiber: plain threads use the _for and "
        "_until forms");
  }
  throw std::length_error("heddle: more than 65,534 cancel scopes and shields inside one another");
}

fiber& fiber_that_enters() {
  fiber* const self = worker::current_fiber();
  if (self == nullptr || self->depth == deepest_allowed) [[unlikely]]
    throw_cannot_enter(self);
  return *self;
}

void push(scope_frame& frame, fiber& self) noexcept {
  frame.owner = &self;
  frame.depth = ++self.depth;
  frame.uncaught_at_entry = worker::current()->exceptions->uncaught_exceptions;
  frame.outer = std::exchange(self.innermost, &frame);
  frame.due_before = self.due;
  frame.unarmed_before = self.unarmed;
}

void pop(scope_frame& frame, fiber& self) noexcept {
  self.innermost = frame.outer;
  self.depth = static_cast<scope_depth>(frame.depth - 1);
  self.due = frame.due_before;
  if (self.unarmed == &frame) self.unarmed = frame.unarmed_before;
  if (self.deepest_group >= frame.depth) [[unlikely]]
    surface_groups(self);
  const std::uint32_t seen = self.attention.load(std::memory_order_relaxed);
  if (seen >> fiber::deepest_shift > frame.depth) [[unlikely]]
    lower_deepest(self);
}

/// Sees to the deadline of a frame that has just been entered.
void begin_deadline(scope_frame& frame, fiber& self) noexcept {
  if (frame.limit.is_never()) return;
  // If one around it is due no later, that one's time-out is what ends this scope, too: unless an
  // exception is unwinding that one, and this scope is entered by a destructor.
  if (self.due != nullptr && self.due->limit <= frame.limit && self.due->depth >= floor_now(self)) {
    return;
  }
  self.due = &frame;
  self.unarmed = &frame;
}

/// Ends the deadline's part: afterwards no wheel and no loop looks at the frame.
void end_deadline(scope_frame& frame) noexcept {
  // order: acquire — partner: whoever fired it.
  if (frame.state.load(std::memory_order_acquire) == timer_state::off) return;
  frame.wheel->disarm(frame);
  spin_until(frame.state, [](timer_state seen) { return seen == timer_state::off; });
}

/// A deadline that has passed before the body begins is met by its first suspension point.
void look_at_clock(const scope_frame& frame, fiber& self) noexcept {
  if (frame.limit.is_never() || !self.due->limit.passed()) return;
  expire_scope(*self.due);
}

}  // namespace

__attribute__((noinline)) void lower_deepest(fiber& self) noexcept {
  // order: seq_cst — m, then the flags; partner: finish_request() and mark_late(): flag, then m.
  self.attention.fetch_and(~fiber::deepest_mask, std::memory_order_seq_cst);
  for (const scope_frame* each = self.innermost; each != nullptr; each = each->outer) {
    // order: seq_cst — as above.
    if ((each->word.load(std::memory_order_seq_cst) & scope_frame::cancelled) == 0) continue;
    raise_deepest(self, each->depth);
    break;
  }
  const auto below = static_cast<scope_depth>(self.depth + 1);
  const group_core* const fork = deepest_cancelled_fork(self, below, 0);
  if (fork != nullptr) raise_deepest(self, fork->depth);
}

void enter_own_scope(scope_frame& frame, limit_is where) {
  fiber& self = fiber_that_enters();
  push(frame, self);
  begin_deadline(frame, self);
  if (where == limit_is::anywhere) look_at_clock(frame, self);
}

void leave_own_scope(scope_frame& frame) noexcept {
  end_deadline(frame);
  pop(frame, *frame.owner);
}

void enter_scope(scope_frame& frame) {
  fiber& self = fiber_that_enters();
  // order: acquire — partner: leave_scope(): who ran it before has left.
  if ((frame.word.fetch_or(scope_frame::taken, std::memory_order_acquire) & scope_frame::taken) !=
      0) {
    throw std::logic_error("heddle::cancel_scope::run: the scope is being run already");
  }
  push(frame, self);
  begin_deadline(frame, self);
  look_at_clock(frame, self);
  // order: seq_cst — running, then what was asked; partner: cancel_scope_of().
  const std::uint32_t before = frame.word.fetch_or(scope_frame::running, std::memory_order_seq_cst);
  if ((before & scope_frame::cancelled) != 0) raise_deepest(self, frame.depth);
}

void leave_scope(scope_frame& frame) noexcept {
  // order: acq_rel — partner: cancel_scope_of(): whoever is at work has seen running, and is waited
  // for.
  frame.word.fetch_and(~scope_frame::running, std::memory_order_acq_rel);
  end_scope(frame);
  end_deadline(frame);
  pop(frame, *frame.owner);
  // order: release — partner: enter_scope().
  frame.word.fetch_and(~scope_frame::taken, std::memory_order_release);
}

bool takes_cancelled(const scope_frame& frame) noexcept {
  if ((frame.word.load(std::memory_order_relaxed) & scope_frame::cancelled) == 0) return false;
  fiber& self = *frame.owner;
  return !is_cancelled(self, floor_now(self));
}

void cancel_scope_of(scope_frame& frame, std::string_view reason) noexcept {
  if (begin_request(frame)) finish_request(frame, cancel_reason::copy_of(reason));
}

void expire_scope(scope_frame& frame) noexcept {
  if (!mark_late(frame)) return;
  cancel_list groups({timed_out_text, nullptr});
  ask_to_leave(*frame.owner, frame.depth, groups);
}

void end_scope(scope_frame& frame) noexcept {
  spin_until(frame.word,
             [](std::uint32_t seen) { return seen < std::uint32_t{scope_frame::one_canceller}; });
}

shield_guard::shield_guard() : shield_guard(std::nothrow) {
  if (self != nullptr && depth_before == deepest_allowed) throw_cannot_enter(self);
}

void throw_timed_out() { throw timed_out("heddle: timed out: the deadline has passed"); }

void throw_timed_out_after(double seconds) {
  std::ostringstream text;
  text << "heddle: timed out after " << seconds << " s";
  throw timed_out(text.str());
}

}  // namespace detail
}  // namespace heddle
