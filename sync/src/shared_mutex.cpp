// SPDX-License-Identifier: MIT
// shared_mutex: a word of counts, and one queue of readers and writers.
#include <heddle/sync/shared_mutex.hpp>

#include "misuse.hpp"

#include <optional>

namespace heddle::sync {

namespace {
constexpr wait_kind shared_kind{"shared_mutex"};
}

shared_mutex::~shared_mutex() {
  if ((state_.load(std::memory_order_relaxed) & ~queued) != 0) {
    stop_for_misuse("heddle::sync::shared_mutex: destroyed while somebody holds it");
  }
}

fiber_id shared_mutex::holder_of(const void* lock) noexcept {
  return static_cast<const shared_mutex*>(lock)->writer_.load(std::memory_order_relaxed);
}

bool shared_mutex::can_have(word state, word wanted) noexcept {
  return wanted == writer ? (state & ~queued) == 0 : (state & writer) == 0;
}

/// Takes it if nobody waits.
bool shared_mutex::try_add(word wanted) noexcept {
  word seen = state_.load(std::memory_order_relaxed);
  while ((seen & queued) == 0 && can_have(seen, wanted)) {
    // order: acquire — partner: unlock(), unlock_shared().
    if (state_.compare_exchange_weak(seen, seen + wanted, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

/// Under the queue's lock: takes it if nobody waits, else sees that unlocks look at the queue.
bool shared_mutex::add_or_queue(word wanted) noexcept {
  word seen = state_.load(std::memory_order_relaxed);
  for (;;) {
    const bool free = (seen & queued) == 0 && can_have(seen, wanted);
    // order: acquire — partner: unlock(), unlock_shared().
    if (state_.compare_exchange_weak(seen, free ? seen + wanted : seen | queued,
                                     std::memory_order_acquire, std::memory_order_relaxed)) {
      return free;
    }
  }
}

/// Under the queue's lock, where `queued` is set: takes it for the first who waits.
bool shared_mutex::grant(word wanted) noexcept {
  word seen = state_.load(std::memory_order_relaxed);
  while (can_have(seen, wanted)) {
    // order: acquire, release — what the last holders did goes on to the woken, by its claim.
    if (state_.compare_exchange_weak(seen, seen + wanted, std::memory_order_acq_rel,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void shared_mutex::let_in() noexcept {
  waiters_.wake_while(
      [this](word wanted) noexcept { return grant(wanted); },
      // order: release — nothing was done under it, but who takes it next acquires by this word.
      [this](word wanted) noexcept { state_.fetch_sub(wanted, std::memory_order_release); },
      [this](bool empty) noexcept {
        if (empty) state_.fetch_and(~queued, std::memory_order_relaxed);
      });
}

bool shared_mutex::wait_for(word wanted, deadline limit) {
  const wait_subject self(shared_kind, this);
  std::optional<lock_wait> known;
  if (limit.is_never()) known.emplace(self, &holder_of);
  const wake_reason reason = waiters_.wait_unless_nothrow(
      [&]() noexcept { return add_or_queue(wanted); }, limit, cancellation::deliver, self, wanted);
  if (reason == wake_reason::event) return true;
  known.reset();
  let_in();  // those behind this one may have waited for it only
  throw_if_cancelled(reason);
  return false;
}

bool shared_mutex::try_lock() noexcept {
  if (!try_add(writer)) return false;
  writer_.store(caller_id(), std::memory_order_relaxed);
  return true;
}

bool shared_mutex::try_lock_until(deadline limit) {
  if (try_lock()) return true;
  if (writer_.load(std::memory_order_relaxed) == caller_id()) {
    throw_held_already("heddle::sync::shared_mutex::lock");
  }
  if (!wait_for(writer, limit)) return false;
  writer_.store(caller_id(), std::memory_order_relaxed);
  return true;
}

void shared_mutex::unlock() {
  if (writer_.load(std::memory_order_relaxed) != caller_id()) {
    throw_not_held("heddle::sync::shared_mutex::unlock");
  }
  writer_.store(fiber_id::none, std::memory_order_relaxed);
  // order: release — partner: try_add(), add_or_queue(), grant().
  if ((state_.fetch_sub(writer, std::memory_order_release) & queued) != 0) let_in();
}

bool shared_mutex::try_lock_shared() noexcept { return try_add(one_reader); }

bool shared_mutex::try_lock_shared_until(deadline limit) {
  if (try_add(one_reader)) return true;
  if (writer_.load(std::memory_order_relaxed) == caller_id()) {
    throw_held_already("heddle::sync::shared_mutex::lock_shared");
  }
  return wait_for(one_reader, limit);
}

void shared_mutex::unlock_shared() {
  word seen = state_.load(std::memory_order_relaxed);
  do {
    if ((seen & ~(writer | queued)) == 0)
      throw_not_held("heddle::sync::shared_mutex::unlock_shared");
    // order: release — partner: try_add(), add_or_queue(), grant().
  } while (!state_.compare_exchange_weak(seen, seen - one_reader, std::memory_order_release,
                                         std::memory_order_relaxed));
  if (seen == (queued | one_reader)) let_in();
}

}  // namespace heddle::sync
