// SPDX-License-Identifier: MIT
// Branches whose caller has left its stack: they are there for every loop of the runtime, and for
// the caller when it comes back. Invariants: (1) all but size_ is under lock_; (2) a branch is
// `listed` if and only if it is in the list; (3) size_ is raised, seq_cst, after a branch is in:
// parking relies on it, as on inject.hpp's.
#pragma once

#include <heddle/runtime/detail/branch.hpp>
#include <heddle/runtime/detail/branch_deque.hpp>
#include <heddle/runtime/detail/spinlock.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>

namespace heddle::detail {

class branch_list {
 public:
  /// Moves all that the calling loop's fiber has offered to the end, the oldest in front.
  void append(branch_deque& from) noexcept {
    const std::lock_guard guard(lock_);
    branch* behind = nullptr;
    std::size_t count = size_.load(std::memory_order_relaxed);
    for (; branch* const one = from.take_youngest(); behind = one, ++count) insert(*one, behind);
    // order: seq_cst — in the total order with a parking loop's announcement (README.md).
    size_.store(count, std::memory_order_seq_cst);
  }

  /// Puts one back in front, for want of memory to take it.
  void put_back(branch& one) noexcept {
    const std::lock_guard guard(lock_);
    insert(one, first_);
    // order: seq_cst — as above.
    size_.store(size_.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
  }

  /// Takes the first one; null if there is none.
  branch* take() noexcept {
    if (size_.load(std::memory_order_relaxed) == 0) return nullptr;
    const std::lock_guard guard(lock_);
    branch* const one = first_;
    if (one != nullptr) remove(*one);
    return one;
  }

  /// Takes `one` out if it is listed. For its caller.
  bool take_back(branch& one) noexcept {
    const std::lock_guard guard(lock_);
    if (one.state.load(std::memory_order_relaxed) != branch_state::listed) return false;
    remove(one);
    return true;
  }

  bool empty_seq_cst() const noexcept {
    // order: seq_cst — the last search before parking (README.md, step 3).
    return size_.load(std::memory_order_seq_cst) == 0;
  }

 private:
  void insert(branch& one, branch* behind) noexcept {
    one.next = behind;
    one.previous = std::exchange(behind != nullptr ? behind->previous : last_, &one);
    (one.previous != nullptr ? one.previous->next : first_) = &one;
    one.state.store(branch_state::listed, std::memory_order_relaxed);
  }
  void remove(branch& one) noexcept {
    (one.previous != nullptr ? one.previous->next : first_) = one.next;
    (one.next != nullptr ? one.next->previous : last_) = one.previous;
    one.state.store(branch_state::offered, std::memory_order_relaxed);
    size_.store(size_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }

  spinlock lock_;
  branch* first_ = nullptr;
  branch* last_ = nullptr;
  std::atomic<std::size_t> size_{0};
};

}  // namespace heddle::detail
