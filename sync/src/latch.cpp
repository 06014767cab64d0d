// SPDX-License-Identifier: MIT
// latch: all but the last count_down() are one compare-and-swap.
#include <heddle/sync/latch.hpp>

#include <mutex>
#include <stdexcept>
#include <string>

namespace heddle::sync {

namespace {

constexpr wait_kind latch_kind{"latch"};

[[noreturn]] void throw_bad_count(std::ptrdiff_t n, std::ptrdiff_t left) {
  throw std::logic_error("heddle::sync::latch::count_down: by " + std::to_string(n) + ", with " +
                         std::to_string(left) + " left");
}

}  // namespace

latch::latch(std::ptrdiff_t expected) : left_(expected) {
  if (expected < 0) {
    throw std::invalid_argument("heddle::sync::latch: expects " + std::to_string(expected) +
                                ", must be 0 or more");
  }
}

latch::~latch() { detail::check_nobody_waits(waiters_.empty(), "latch"); }

void latch::count_down(std::ptrdiff_t n) {
  std::ptrdiff_t left = left_.load(std::memory_order_relaxed);
  do {
    if (n < 0 || n > left) throw_bad_count(n, left);
    if (n == left) break;
    // order: acq_rel — release: what the caller did happens before the waits' return; acquire: and
    // so does what those did who counted before; partner: the load in try_wait().
  } while (!left_.compare_exchange_weak(left, left - n, std::memory_order_acq_rel,
                                        std::memory_order_relaxed));
  if (left == 0 || n != left) return;
  // The last one: nobody else may count any more.
  resumption_list woken;
  std::unique_lock guard(lock_);
  // order: acq_rel — as above.
  const bool last = left_.compare_exchange_strong(left, 0, std::memory_order_acq_rel);
  if (last) waiters_.claim_all(woken);
  guard.unlock();
  if (!last) throw_bad_count(n, left);
  woken.resume_all();
}

bool latch::try_wait() const noexcept {
  // order: acquire — partner: count_down().
  return left_.load(std::memory_order_acquire) == 0;
}

bool latch::wait_until(deadline limit) {
  cooperate();
  std::unique_lock guard(lock_);
  if (try_wait()) return true;
  detail::wait_entry self{wait_subject(latch_kind, this)};
  const wake_reason reason = detail::wait_in(waiters_, self, guard, limit);
  guard.unlock();
  throw_if_cancelled(reason);
  return reason == wake_reason::event;
}

void latch::arrive_and_wait(std::ptrdiff_t n) {
  cooperate();
  count_down(n);
  wait();
}

}  // namespace heddle::sync
