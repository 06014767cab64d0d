// SPDX-License-Identifier: MIT
// A queue of values between fibers and threads, with room for a number of them that is fixed when
// it is made; none: each value goes from the sender's hand to the receiver's. Any number of senders
// and receivers, in fibers, on plain threads, of several runtimes. Invariants: (1) each value that
// was sent is received once, or lies in the buffer; (2) senders are served in the order in which
// they came, receivers too, and values come out in the order in which they went in; (3) a call that
// throws, is late or is cancelled has sent and taken nothing. Memory: the buffer is allocated by
// the constructor, and nothing after it. Not here: waiting for several channels at once
// (select.hpp), and how that is proven (sync/src/README.md). Source: Hoare 1978,
// doi:10.1145/359576.359585; the hand-over to a waiter is that of Go's runtime/chan.go.
//
// A value is moved under the channel's lock: its move constructor and destructor must neither
// suspend nor use the channel. Should the move throw, nothing is lost: the error goes to the sender
// as long as the value is the sender's, and to the receiver once it is in the buffer, where it
// stays the next to be received.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/sync/detail/channel_core.hpp>
#include <heddle/sync/detail/party.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace heddle::sync {

/// Thrown by a send on a channel that is closed. The value was not sent.
struct channel_closed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace detail {
template <class T, class Fn>
class receive_case;
template <class Value, class T, class Fn>
class send_case;
}  // namespace detail

/// A bounded queue of values, or, with capacity 0, a rendezvous. T: a movable object type. Must
/// outlive the calls on it, but for this: whoever has received a value may destroy it though the
/// send of that value has not returned yet, and the other way round, unless that is a select with
/// another case on the channel. Destroyed while somebody waits in it, the process stops with a
/// message. What does not depend on T, close(), is_closed(), size()
/// and capacity(), is declared in detail/channel_core.hpp.
template <class T>
class channel : public detail::channel_core {
  static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>,
                "heddle::sync::channel: T must be a movable object type");

 public:
  class iterator;

  /// Makes an open channel with room for `capacity` values. Errors: std::bad_alloc,
  /// std::bad_array_new_length. Cost: one allocation, unless capacity is 0.
  explicit channel(std::size_t capacity)
      : channel_core(capacity),
        cells_(capacity == 0 ? nullptr : std::allocator<T>().allocate(capacity)) {}

  /// Destroys what is in the buffer.
  ~channel() {
    for (; count_ > 0; --count_) drop_first();
    if (cells_ != nullptr) std::allocator<T>().deallocate(cells_, capacity_);
  }

  /// Sends `value`: to the receiver that waits longest, or into the buffer; waits while there is
  /// neither. Errors: channel_closed if the channel is closed, or closes while this waits;
  /// `cancelled`; what moving the value throws: it was not sent then. Suspends: yes, cancel-safe.
  /// Order: the send happens before the receive of its value; with capacity n, the receive of a
  /// value before the return of the send of the n-th after it.
  /// Cost: one lock and a move; a wake-up if a receiver waits.
  void send(T value) { send_until(value, deadline::never()); }

  /// Sends `value` if that takes no waiting. Returns: whether it was sent; if not, `value` is as it
  /// was. Errors: channel_closed; what moving throws. Suspends: no.
  bool try_send(T& value) {
    detail::handover woken;
    const guard locked(lock_);
    return give(value, woken);
  }
  bool try_send(T&& value) { return try_send(value); }

  /// Sends `value`, as send(), if that can be done until `limit`. Returns: whether it was sent; if
  /// not, `value` is as it was. Errors, Suspends: as send().
  bool send_until(T& value, deadline limit) {
    cooperate();
    detail::handover woken;
    guard locked(lock_);
    if (give(value, woken)) return true;
    detail::party self(std::addressof(value));
    return wait_to_send(self, locked, limit);
  }

  /// As send_until(), for at most `wait`.
  template <class Rep, class Period>
  bool send_for(T& value, std::chrono::duration<Rep, Period> wait) {
    return send_until(value, deadline::after(wait));
  }

  /// Receives the next value, waiting until there is one. Returns: nullopt once the channel is
  /// closed and drained. Errors: `cancelled` (no value was taken); what moving a value out of the
  /// buffer throws (it stays the next one). Suspends: yes, cancel-safe. Order: as send(). Cost: one
  /// lock and a move; a wake-up if a sender waits.
  std::optional<T> receive() { return receive_until(deadline::never()); }

  /// Receives the next value if there is one. Returns: nullopt if not. Errors: what moving throws.
  /// Suspends: no.
  std::optional<T> try_receive() {
    std::optional<T> got;
    detail::handover woken;
    const guard locked(lock_);
    take(got, woken);
    return got;
  }

  /// Receives the next value if there is one until `limit`. Returns: nullopt if not, or once the
  /// channel is closed and drained. Errors, Suspends: as receive().
  std::optional<T> receive_until(deadline limit) {
    std::optional<T> got;
    receive_into(got, limit);
    return got;  // from one place: the caller's object, not a copy
  }

  /// As receive_until(), for at most `wait`.
  template <class Rep, class Period>
  std::optional<T> receive_for(std::chrono::duration<Rep, Period> wait) {
    return receive_until(deadline::after(wait));
  }

  /// Iterates over what is received until the channel is closed and drained: for (T x : ch).
  /// Suspends: begin() and ++ do, as receive().
  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  template <class, class>
  friend class detail::receive_case;
  template <class, class, class>
  friend class detail::send_case;

  static constexpr bool may_throw = !std::is_nothrow_move_constructible_v<T>;

  /// As receive_until(), into an object of the caller's, which is empty. Inlined: not having its
  /// address leave the function saves a fifth of a receive.
  __attribute__((always_inline)) void receive_into(std::optional<T>& got, deadline limit) {
    cooperate();
    for (bool again = true; again;) {
      detail::handover woken;
      guard locked(lock_);
      if (take(got, woken) || closed_) break;
      // Senders whose values failed to move hear of it before this waits.
      if (!woken.empty()) continue;
      detail::party self(&got);
      again = !wait_to_receive(self, locked, limit);
    }
  }

  // All of these under lock_. What a claim has won is settled once that is released.

  /// Hands `value` to the first receiver, or stores it. Returns false, and leaves the value, if
  /// there is neither receiver nor room. Errors: channel_closed; what moving throws.
  bool give(T& value, detail::handover& woken) {
    if (!receivers_.empty() && give_to_receiver(value, woken)) return true;
    if (count_ == capacity_ || closed_) [[unlikely]] {
      if (closed_) detail::throw_channel_closed();
      return false;
    }
    std::construct_at(cells_ + tail(), std::move(value));
    ++count_;
    return true;
  }

  bool give_to_receiver(T& value, detail::handover& woken) {
    detail::party* const receiver = receivers_.claim_first(woken);
    if (receiver == nullptr) return false;
    if constexpr (may_throw) {
      try {
        static_cast<std::optional<T>*>(receiver->place())->emplace(std::move(value));
      } catch (...) {
        receiver->fails(nullptr);  // it starts over
        throw;
      }
    } else {
      static_cast<std::optional<T>*>(receiver->place())->emplace(std::move(value));
    }
    return true;
  }

  /// Takes the next value. Returns false if there is none. Errors: what moving it out of the buffer
  /// throws; it stays.
  bool take(std::optional<T>& into, detail::handover& woken) {
    if (count_ == 0) {
      return !senders_.empty() &&
             take_of_sender([&](T& value) { into.emplace(std::move(value)); }, woken);
    }
    into.emplace(std::move(cells_[head_]));
    drop_first();
    --count_;
    if (!senders_.empty() &&
        take_of_sender([&](T& value) { std::construct_at(cells_ + tail(), std::move(value)); },
                       woken)) {
      ++count_;
    }
    return true;
  }

  /// Has `move` take the value of the first sender. Should it throw, that is the sender's to hear,
  /// and the next one's turn. Returns false if there is none.
  template <class Move>
  bool take_of_sender(Move&& move, detail::handover& woken) noexcept {
    while (detail::party* const sender = senders_.claim_first(woken)) {
      if constexpr (may_throw) {
        try {
          move(*static_cast<T*>(sender->place()));
        } catch (...) {
          sender->fails(std::current_exception());
          continue;
        }
      } else {
        move(*static_cast<T*>(sender->place()));
      }
      return true;
    }
    return false;
  }

  void drop_first() noexcept {
    std::destroy_at(cells_ + head_);
    head_ = after(head_);
  }

  T* cells_;
};

/// Where a loop over a channel is: holds the value that was received last.
template <class T>
class channel<T>::iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = T;
  using difference_type = std::ptrdiff_t;

  explicit iterator(channel& from) : from_(&from), value_(from.receive()) {}

  /// Returns the value, to be moved from.
  T&& operator*() const noexcept { return std::move(*value_); }
  iterator& operator++() {
    value_.reset();
    from_->receive_into(value_, deadline::never());
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept {
    return !at.value_.has_value();
  }

 private:
  channel* from_;
  mutable std::optional<T> value_;
};

}  // namespace heddle::sync
