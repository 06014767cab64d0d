// SPDX-License-Identifier: MIT
// event: a flag, and the list of those who wait for it, under one lock.
#include <heddle/sync/event.hpp>

#include <mutex>

namespace heddle::sync {

namespace {
constexpr wait_kind event_kind{"event"};
}

event::~event() { detail::check_nobody_waits(waiting_, "event"); }

bool event::is_set() const noexcept {
  // order: acquire — partner: set().
  return set_.load(std::memory_order_acquire);
}

void event::set() noexcept {
  resumption_list woken;
  const std::lock_guard guard(lock_);
  // order: release — what the setter wrote is visible to whoever sees true: is_set().
  set_.store(true, std::memory_order_release);
  waiting_.claim_all(detail::settlement::done, woken);
}

void event::reset() noexcept {
  const std::lock_guard guard(lock_);
  set_.store(false, std::memory_order_relaxed);
}

bool event::wait_until(deadline limit) {
  cooperate();
  if (is_set()) return true;
  std::unique_lock guard(lock_);
  if (is_set()) return true;
  detail::party self;
  const wake_reason reason = detail::wait_as(self, waiting_, guard, limit, {event_kind, this});
  throw_if_cancelled(reason);
  return reason == wake_reason::event;
}

}  // namespace heddle::sync
