// SPDX-License-Identifier: MIT
// once: the turn is handed from a call that failed to the first in line, under the lock.
#include <heddle/sync/once.hpp>

#include <stdexcept>

namespace heddle::sync {

namespace {

constexpr wait_kind once_kind{"the call of once"};

}  // namespace

struct once::next_caller : detail::wait_entry {
  next_caller(const once* of, fiber_id me) noexcept
      : wait_entry(wait_subject(once_kind, of)), who_calls(me) {}
  fiber_id who_calls;
  bool has_turn = false;
};

once::~once() { detail::check_nobody_waits(waiters_.empty(), "once"); }

bool once::begin() {
  if (!done()) cooperate();
  const fiber_id me = caller_id();
  std::unique_lock guard(lock_);
  if (done()) {
    // order: release — passes on what the call did; partner: call().
    state_.store(state::seen, std::memory_order_release);
    return false;
  }
  if (!running_) {
    running_ = true;
    runner_ = me;
    return true;
  }
  if (runner_ == me) {
    guard.unlock();
    throw std::logic_error("heddle::sync::once::call: called again from within the call");
  }
  next_caller self(this, me);
  const wake_reason reason = detail::wait_in(waiters_, self, guard, deadline::never());
  guard.unlock();
  throw_if_cancelled(reason);
  return self.has_turn;
}

void once::end(bool succeeded) noexcept {
  resumption_list woken;
  {
    const std::lock_guard guard(lock_);
    if (succeeded) {
      // order: release — what the call did; partner: done().
      state_.store(state::done, std::memory_order_release);
      waiters_.claim_all(woken);
    } else if (auto* const next = static_cast<next_caller*>(waiters_.claim_first(woken))) {
      next->has_turn = true;
      runner_ = next->who_calls;
    } else {
      running_ = false;
    }
  }
  woken.resume_all();
}

}  // namespace heddle::sync
