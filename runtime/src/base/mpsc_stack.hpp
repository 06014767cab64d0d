// SPDX-License-Identifier: MIT
// Jobs from many threads for one: pushed lock-free, taken all at once, in order of arrival.
// Invariants: (1) whoever takes, takes everything: no node is ever popped singly, so there is no
// ABA; (2) a push is a seq_cst RMW: parking relies on it (sched/README.md). Source: Treiber 1986,
// "Systems programming: coping with parallelism", IBM RJ 5118.
#pragma once

#include <heddle/runtime/detail/task_core.hpp>

#include <atomic>

namespace heddle::detail {

class mpsc_stack {
 public:
  void push(job& item) noexcept {
    job* head = head_.load(std::memory_order_relaxed);
    do {
      item.next = head;
      // order: seq_cst — release for the job's contents (partner: take_all); in the total order
      // with the announcement of a parking loop.
    } while (!head_.compare_exchange_weak(head, &item, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
  }

  /// Returns all jobs, oldest first, linked by next; null if there are none.
  job* take_all() noexcept {
    if (head_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    // order: acquire — partner: push().
    job* newest_first = head_.exchange(nullptr, std::memory_order_acquire);
    job* oldest_first = nullptr;
    while (newest_first != nullptr) {
      job* const item = newest_first;
      newest_first = item->next;
      item->next = oldest_first;
      oldest_first = item;
    }
    return oldest_first;
  }

  bool maybe_empty() const noexcept { return head_.load(std::memory_order_relaxed) == nullptr; }

  bool empty() const noexcept {
    // order: seq_cst — the last search before parking (sched/README.md, step 3).
    return head_.load(std::memory_order_seq_cst) == nullptr;
  }

 private:
  std::atomic<job*> head_{nullptr};
};

}  // namespace heddle::detail
