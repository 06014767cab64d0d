// SPDX-License-Identifier: MIT
// mutex: a word to compete for, and a queue for those who came later.
//
// An unlock's last touch is what lets the next holder in, who may destroy the mutex at once (the
// last user of a counted object does). Either that is the CAS to 0. Or it hands over: then word_
// keeps `contended`, so that the new holder's unlock takes the queue's lock, after this one has let
// it go, and before that nobody gets the mutex from the new holder.
#include <heddle/sync/mutex.hpp>

#include "misuse.hpp"

#include <optional>
#include <system_error>

namespace heddle::sync {

namespace {

constexpr wait_kind mutex_kind{"mutex"};

/// In the place of a holder, between the unlock that hands over and the wake-up of the new holder.
constexpr fiber_id handed_over{(std::uint64_t{1} << 62) - 1};

}  // namespace

mutex::~mutex() {
  if (word_.load(std::memory_order_relaxed) != 0) {
    stop_for_misuse("heddle::sync::mutex: destroyed while somebody holds it");
  }
}

fiber_id mutex::holder_of(const void* lock) noexcept {
  const fiber_id holder{static_cast<const mutex*>(lock)->word_.load(std::memory_order_relaxed) >>
                        1};
  return holder == handed_over ? fiber_id::none : holder;
}

/// Under the queue's lock: takes the mutex if it is free, else sees that the unlock looks here.
bool mutex::must_wait(word me) noexcept {
  word seen = word_.load(std::memory_order_relaxed);
  for (;;) {
    const word next = seen == 0 ? me : seen | contended;
    // order: acquire — partner: unlock(), unlock_slowly().
    if (word_.compare_exchange_weak(seen, next, std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
      return seen != 0;
    }
  }
}

__attribute__((noinline)) bool mutex::lock_slowly(word me, deadline limit) {
  if (is_held_by(me)) throw_held_already("heddle::sync::mutex::lock");
  const wait_subject self(mutex_kind, this);
  std::optional<lock_wait> known;
  if (limit.is_never()) known.emplace(self, &holder_of);
  bool taken = false;
  const wake_reason reason = waiters_.wait_unless_nothrow(
      [&]() noexcept { return taken = !must_wait(me); }, limit, cancellation::deliver, self);
  if (taken) return true;
  if (reason == wake_reason::event) {
    // Nobody but this caller changes the holder now. Its order comes from the wake-up.
    word_.fetch_add(me - word_of(handed_over), std::memory_order_relaxed);
    return true;
  }
  known.reset();
  throw_if_cancelled(reason);
  return false;
}

__attribute__((noinline)) void mutex::unlock_slowly(word me) {
  if (!is_held_by(me)) throw_not_held("heddle::sync::mutex::unlock");
  for (word mine = me;; mine = me) {
    // Before the claim: whoever is claimed may go on at once, and puts itself in this place.
    word_.store(word_of(handed_over) | contended, std::memory_order_relaxed);
    const bool found = waiters_.wake_one([this, me](bool somebody) noexcept {
      // Not free yet: whoever found it so might destroy it while this still unlocks the queue.
      if (!somebody) word_.store(me, std::memory_order_relaxed);
    });
    if (found) return;
    // order: release — partner: try_lock(), must_wait(). Fails if somebody has come to wait.
    if (word_.compare_exchange_strong(mine, 0, std::memory_order_release,
                                      std::memory_order_relaxed)) {
      return;
    }
  }
}

bool recursive_mutex::lock_again() {
  if (!one_.is_held()) return false;
  if (again_ + 1 == 0) {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                            "heddle::sync::recursive_mutex: locked too often");
  }
  ++again_;
  return true;
}

void recursive_mutex::lock() {
  if (!lock_again()) one_.lock();
}

bool recursive_mutex::try_lock() { return lock_again() || one_.try_lock(); }

void recursive_mutex::unlock() {
  if (!one_.is_held()) throw_not_held("heddle::sync::recursive_mutex::unlock");
  if (again_ == 0) {
    one_.unlock();
  } else {
    --again_;
  }
}

}  // namespace heddle::sync
