// SPDX-License-Identifier: MIT
// The part of a channel that knows nothing of its values: who waits, how full it is, closing.
// Invariants, all under lock_: (1) count_ <= capacity_; the values lie in the cells from head_ on,
// around the end; (2) who waits in receivers_ came when there was nothing to take, who waits in
// senders_ when there was no room; so no two of them, of different waits, could be brought
// together, and a live receiver waits only while count_ is 0, a live sender only while the buffer
// is full; (3) closed_ goes from false to true once, and then both lists stay empty. What is public
// here is every channel's; the class itself, and the rest, is no API.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/party.hpp>

#include <cstddef>
#include <mutex>

namespace heddle::sync::detail {

[[noreturn]] void throw_channel_closed();

class channel_core {
 public:
  channel_core(const channel_core&) = delete;
  channel_core& operator=(const channel_core&) = delete;

  /// Closes the channel: whoever waits in it is woken, and from now on nobody waits in it. Values
  /// in the buffer can still be received; a sender that waits keeps its value and gets
  /// channel_closed. Closing again does nothing. Suspends: no. Cost: one lock, and a wake-up each.
  void close() noexcept;

  /// Returns whether close() was called. Suspends: no. Cost: one lock.
  bool is_closed() const noexcept;

  /// Returns how many values lie in the buffer now. Suspends: no. Cost: one lock.
  std::size_t size() const noexcept;

  /// Returns how many values the buffer can hold; 0: each value goes from hand to hand.
  std::size_t capacity() const noexcept { return capacity_; }

 protected:
  using guard = std::unique_lock<spinlock>;

  explicit channel_core(std::size_t capacity) noexcept : capacity_(capacity) {}
  ~channel_core();

  /// Waits as a sender until the value of `self` has been taken. Returns false if `limit` passed.
  /// Errors: what moving the value threw; channel_closed; `cancelled`.
  bool wait_to_send(party& self, guard& locked, deadline limit);

  /// Waits as a receiver. Returns false if its optional was not filled though neither the channel
  /// closed nor `limit` passed: the sender's value failed to move, and the caller starts over.
  bool wait_to_receive(party& self, guard& locked, deadline limit);

  std::size_t after(std::size_t cell) const noexcept {
    return cell + 1 == capacity_ ? 0 : cell + 1;
  }
  /// Returns the cell behind the last value. Shape: the buffer is not full.
  std::size_t tail() const noexcept {
    const std::size_t sum = head_ + count_;
    return sum >= capacity_ ? sum - capacity_ : sum;
  }

  mutable spinlock lock_;
  bool closed_ = false;
  std::size_t capacity_;
  std::size_t count_ = 0;
  std::size_t head_ = 0;
  party_list receivers_;
  party_list senders_;
};

}  // namespace heddle::sync::detail
