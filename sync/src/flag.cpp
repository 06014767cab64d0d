// SPDX-License-Identifier: MIT
// flag: one word, and the list whose lock closes the gap between looking at it and parking.
#include <heddle/sync/detail/flag.hpp>

#include <mutex>

namespace heddle::sync::detail {

bool flag::is_set() const noexcept {
  // order: acquire — partner: set().
  return state_.load(std::memory_order_acquire) != state::reset;
}

void flag::set() noexcept {
  handover woken;
  const std::lock_guard guard(lock_);
  if (is_set()) return;
  // order: release — what the setter wrote is visible to whoever sees it set; partner: is_set().
  state_.store(state::set, std::memory_order_release);
  waiting_.claim_all(woken);
}

void flag::reset() noexcept {
  const std::lock_guard guard(lock_);
  state_.store(state::reset, std::memory_order_relaxed);
}

/// Under the lock, so set() has let go of it: has later waits return without.
bool flag::note_if_set() noexcept {
  if (!is_set()) return false;
  // order: release — passes on what the setter wrote; partner: wait_until().
  state_.store(state::seen, std::memory_order_release);
  return true;
}

bool flag::wait_until(deadline limit, wait_subject about) {
  cooperate();
  // order: acquire — partner: note_if_set().
  if (state_.load(std::memory_order_acquire) == state::seen) return true;
  std::unique_lock guard(lock_);
  if (note_if_set()) return true;
  party self;
  const wake_reason reason = wait_as(self, waiting_, guard, limit, about);
  throw_if_cancelled(reason);
  return reason == wake_reason::event;
}

}  // namespace heddle::sync::detail
