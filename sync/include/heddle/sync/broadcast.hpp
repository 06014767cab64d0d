// SPDX-License-Identifier: MIT
// Every receiver gets every value that is sent after it has subscribed; the sender never waits, and
// a receiver that is too slow is told how many values it has missed. Invariants: (1) value number n
// is in slot n mod capacity until n + capacity is sent; (2) a receiver's next value is at most the
// next to be sent; (3) memory: the last `capacity` values, each once however many receivers there
// are. Not here: values of which each goes to one receiver (channel.hpp, queue.hpp); only the
// latest value (watch.hpp). Source: tokio::sync::broadcast.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/sync/detail/news.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::sync {

/// Thrown by broadcast::send once it was closed.
struct broadcast_closed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown, once, to a receiver that was too slow; it goes on with the oldest value that is kept.
class lagged : public std::runtime_error {
 public:
  explicit lagged(std::uint64_t missed);
  /// Returns how many values the receiver will never see.
  std::uint64_t missed() const noexcept { return missed_; }

 private:
  std::uint64_t missed_;
};

namespace detail {
extern const wait_kind broadcast_kind;
void check_broadcast_capacity(std::size_t capacity);
}  // namespace detail

/// The sending side: for any number of fibers and threads. T: copyable; each receiver gets a copy.
template <class T>
class broadcast {
  static_assert(std::is_copy_constructible_v<T>, "each receiver gets a copy of its own");
  struct core;

 public:
  class receiver;

  /// Keeps the last `capacity` values for slow receivers. Shape: 1 <= capacity; memory for so many
  /// pointers is taken now. Errors: std::invalid_argument, std::bad_alloc.
  explicit broadcast(std::size_t capacity) {
    detail::check_broadcast_capacity(capacity);
    core_ = std::make_shared<core>(capacity);
  }
  /// Closes. Receivers may outlive it.
  ~broadcast() { close(); }
  broadcast(const broadcast&) = delete;
  broadcast& operator=(const broadcast&) = delete;

  /// Sends to all who have subscribed. Returns: how many those are; with 0 the value is dropped.
  /// Errors: broadcast_closed, std::bad_alloc. Suspends: no. Order: happens before the return of
  /// the receive() that returns the value. Cost: an allocation, a short lock, and a wake-up for
  /// each receiver that waits.
  std::size_t send(T value) { return core_->send(std::move(value)); }

  /// Begins to receive: what is sent from now on. Errors: std::bad_alloc. Suspends: no.
  receiver subscribe() { return receiver(core_); }

  /// Ends: receivers get what is kept for them, then nothing. Idempotent. Suspends: no.
  void close() noexcept { core_->close(); }

  /// Returns how many receive, now.
  std::size_t receivers() const noexcept { return core_->receivers(); }

 private:
  std::shared_ptr<core> core_;
};

/// One receiver. Move-only; used by one fiber or thread at a time. A moved-from one throws
/// std::logic_error.
template <class T>
class broadcast<T>::receiver {
 public:
  receiver(receiver&& other) noexcept = default;
  receiver& operator=(receiver&& other) noexcept {
    if (this != &other) {
      leave();
      core_ = std::move(other.core_);
      next_ = other.next_;
    }
    return *this;
  }
  ~receiver() { leave(); }

  /// Waits for the next value. Returns: a copy; nothing once closed and all was received. Errors:
  /// `lagged` if values were overwritten before they were received; throws `cancelled` (nothing was
  /// taken); what copying throws (then the value comes again). Suspends: yes, cancel-safe. Cost: no
  /// wait: one short lock.
  std::optional<T> receive() { return receive_until(deadline::never()); }
  /// As receive(), for at most `wait`. Returns: nothing, too, if it took longer.
  template <class Rep, class Period>
  std::optional<T> receive_for(std::chrono::duration<Rep, Period> wait) {
    return receive_until(deadline::after(wait));
  }
  /// As receive(). Returns: nothing, too, if `limit` passed first.
  std::optional<T> receive_until(deadline limit) {
    cooperate();
    return taken(joined().next(next_, limit, /*waits=*/true));
  }
  /// As receive(), without waiting. Returns: nothing, too, if there is none yet. Suspends: no.
  std::optional<T> try_receive() { return taken(joined().next(next_, {}, /*waits=*/false)); }

  /// Returns whether nothing more will be sent; what was sent may still be there.
  bool is_closed() const { return joined().closed(); }

 private:
  friend class broadcast;
  explicit receiver(std::shared_ptr<core> from) : core_(std::move(from)), next_(core_->join()) {}

  core& joined() const {
    if (core_ == nullptr) detail::throw_no_receiver("broadcast");
    return *core_;
  }
  std::optional<T> taken(const std::shared_ptr<const T>& value) {
    if (value == nullptr) return std::nullopt;
    std::optional<T> copy(*value);
    ++next_;
    return copy;
  }
  void leave() noexcept {
    if (core_ != nullptr) core_->leave();
  }

  std::shared_ptr<core> core_;
  std::uint64_t next_ = 0;
};

template <class T>
struct broadcast<T>::core : detail::news {
  explicit core(std::size_t capacity) : slots(capacity) {}

  std::size_t send(T&& value) {
    auto fresh = std::make_shared<const T>(std::move(value));
    lock guard(lock_);
    const std::size_t count = receiver_count;
    const bool refused = closed_;
    if (!refused && count > 0) {
      slots[published_ % slots.size()].swap(fresh);  // what was there is freed after unlocking
      publish(guard);
    } else {
      guard.unlock();
    }
    if (refused) throw broadcast_closed("heddle::sync::broadcast::send: it was closed");
    return count;
  }

  std::shared_ptr<const T> next(std::uint64_t& wanted, deadline limit, bool waits) {
    lock guard(lock_);
    if (waits && !wait_for_more(guard, wanted, limit, {detail::broadcast_kind, this})) return {};
    if (published_ == wanted) return {};
    const std::uint64_t behind = published_ - wanted;
    if (behind <= slots.size()) return slots[wanted % slots.size()];
    wanted = published_ - slots.size();
    guard.unlock();
    throw lagged(behind - slots.size());
  }

  std::uint64_t join() noexcept {
    const std::lock_guard guard(lock_);
    ++receiver_count;
    return published_;
  }
  void leave() noexcept {
    const std::lock_guard guard(lock_);
    --receiver_count;
  }
  std::size_t receivers() const noexcept {
    const std::lock_guard guard(lock_);
    return receiver_count;
  }

  std::vector<std::shared_ptr<const T>> slots;
  std::size_t receiver_count = 0;
};

}  // namespace heddle::sync
