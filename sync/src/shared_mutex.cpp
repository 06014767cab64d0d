// SPDX-License-Identifier: MIT
// shared_mutex: a word of counts, and one line of readers and writers.
//
// What gives it back touches nothing after it has let somebody in, who may destroy it at once.
// Without `queued` the last touch is the CAS that gives it back. With it the last touch is lock_'s
// unlock, and then state_ still says that somebody else has it, or waits: whoever was let in takes
// lock_ before its wait returns (wait_list.hpp), and those in line, and who have it while others
// are, take lock_ before anybody can be the last to leave. Where all in line have left meanwhile,
// `queued` is taken back under lock_, the hold is kept, and given back by the CAS.
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

struct shared_mutex::request : detail::wait_entry {
  request(wait_subject about, word what) noexcept : wait_entry(about), wanted(what) {}
  word wanted;
};

bool shared_mutex::is_held(word state, word held) noexcept {
  return held == writer ? (state & writer) != 0 : (state & ~(writer | queued)) != 0;
}

bool shared_mutex::can_have(word state, word wanted) noexcept {
  return wanted == writer ? (state & ~queued) == 0 : (state & writer) == 0;
}

/// Takes it if nobody waits.
bool shared_mutex::try_add(word wanted) noexcept {
  word seen = state_.load(std::memory_order_relaxed);
  while ((seen & queued) == 0 && can_have(seen, wanted)) {
    // order: acquire — partner: release(), hand_on().
    if (state_.compare_exchange_weak(seen, seen + wanted, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

/// Under lock_: takes it if nobody waits, else sees that unlocks look at the line.
bool shared_mutex::add_or_queue(word wanted) noexcept {
  word seen = state_.load(std::memory_order_relaxed);
  for (;;) {
    const bool free = (seen & queued) == 0 && can_have(seen, wanted);
    // order: acquire — partner: release().
    if (state_.compare_exchange_weak(seen, free ? seen + wanted : seen | queued,
                                     std::memory_order_acquire, std::memory_order_relaxed)) {
      return free;
    }
  }
}

/// Under lock_: gives it to those at the head of the line who can have it, `state` being what is
/// held now. Returns what is held then, with `queued` if somebody is still in line.
shared_mutex::word shared_mutex::let_in(word state, resumption_list& woken) noexcept {
  state &= ~queued;
  while (detail::wait_entry* const first = waiters_.first()) {
    const word wanted = static_cast<request*>(first)->wanted;
    if (!can_have(state, wanted)) return state | queued;
    waiters_.remove(*first);
    if (resumption claimed = first->who.claim()) {
      state += wanted;
      woken.add(std::move(claimed));
    }
  }
  return state;
}

bool shared_mutex::wait_for(word wanted, deadline limit) {
  const wait_subject about(shared_kind, this);
  std::optional<lock_wait> known;
  if (limit.is_never()) known.emplace(about, &holder_of);
  std::unique_lock guard(lock_);
  if (add_or_queue(wanted)) return true;
  request self(about, wanted);
  const wake_reason reason = detail::wait_in(waiters_, self, guard, limit);
  if (reason == wake_reason::event) return true;
  // Those behind this one may have waited for it only. Without `queued` nobody is there, and others
  // change state_.
  resumption_list woken;
  // order: acquire, release — as in hand_on().
  const word seen = state_.load(std::memory_order_acquire);
  if ((seen & queued) != 0) state_.store(let_in(seen, woken), std::memory_order_release);
  guard.unlock();
  woken.resume_all();
  known.reset();
  throw_if_cancelled(reason);
  return false;
}

/// Gives back `held`. Returns false, and has done nothing, if it is not held.
bool shared_mutex::release(word held) noexcept {
  word seen = state_.load(std::memory_order_relaxed);
  while (is_held(seen, held)) {
    if ((seen & queued) != 0) {
      if (hand_on(held)) return true;
      seen = state_.load(std::memory_order_relaxed);
      continue;
    }
    // order: release — partner: try_add(), add_or_queue(), hand_on().
    if (state_.compare_exchange_weak(seen, seen - held, std::memory_order_release,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

/// Gives back `held`, and lets in those in line who can have it then. Returns false, and holds it
/// still, if nobody was in line any more.
bool shared_mutex::hand_on(word held) noexcept {
  resumption_list woken;
  const std::lock_guard guard(lock_);
  // order: acquire, and release below — what was done by those who gave it back without the lock
  // goes on to those who are let in now, and to whoever takes it next; partner: release(), and the
  // acquires of all who take it.
  const word seen = state_.load(std::memory_order_acquire);
  if ((seen & queued) == 0 || !is_held(seen, held)) return false;
  const word rest = (seen & ~queued) - held;
  const word next = let_in(rest, woken);
  const bool nobody = next == rest;
  state_.store(nobody ? rest + held : next, std::memory_order_release);
  return !nobody;
}

bool shared_mutex::try_lock() noexcept {
  if (!try_add(writer)) return false;
  writer_.store(caller_id(), std::memory_order_relaxed);
  return true;
}

bool shared_mutex::try_lock_until(deadline limit) {
  const fiber_id me = locker_id();
  if (try_lock()) return true;
  if (writer_.load(std::memory_order_relaxed) == me) {
    throw_held_already("heddle::sync::shared_mutex::lock");
  }
  if (!wait_for(writer, limit)) return false;
  writer_.store(me, std::memory_order_relaxed);
  return true;
}

void shared_mutex::unlock() {
  if (writer_.load(std::memory_order_relaxed) != caller_id()) {
    throw_not_held("heddle::sync::shared_mutex::unlock");
  }
  writer_.store(fiber_id::none, std::memory_order_relaxed);
  release(writer);
}

bool shared_mutex::try_lock_shared() noexcept { return try_add(one_reader); }

bool shared_mutex::try_lock_shared_until(deadline limit) {
  const fiber_id me = locker_id();
  if (try_add(one_reader)) return true;
  if (writer_.load(std::memory_order_relaxed) == me) {
    throw_held_already("heddle::sync::shared_mutex::lock_shared");
  }
  return wait_for(one_reader, limit);
}

void shared_mutex::unlock_shared() {
  if (!release(one_reader)) throw_not_held("heddle::sync::shared_mutex::unlock_shared");
}

}  // namespace heddle::sync
