// SPDX-License-Identifier: MIT
// The run queue of a loop: its owner puts at the young end, owner and thieves take at the old end.
// It is a deque whose young end is only pushed at; the owner's take needs a CAS only when thieves
// exist.
#pragma once

#include "sched/deque.hpp"

namespace heddle::detail {

template <class T>
class fifo {
 public:
  explicit fifo(bool shared) : entries_(shared) {}

  /// Adds at the young end. Owner only. Errors: std::bad_alloc, nothing added.
  void push(T* item) { entries_.push(item); }

  /// Adds `item` at the young end and takes the oldest, which is `item` if there was none. Owner
  /// only; no thieves.
  T* swap(T* item) noexcept { return entries_.swap_alone(item); }

  /// Takes the oldest; null if empty or if another taker was faster. Owner only.
  T* take() noexcept {
    entries_.prefetch_oldest(2);
    return entries_.take_oldest();
  }

  /// As take(), from any thread.
  T* steal() noexcept { return entries_.take_oldest(); }

  bool maybe_empty() const noexcept { return entries_.maybe_empty(); }
  std::int64_t size() const noexcept { return entries_.size(); }
  bool empty_seq_cst() const noexcept { return entries_.empty_seq_cst(); }

 private:
  deque<T> entries_;
};

}  // namespace heddle::detail
