// SPDX-License-Identifier: MIT
// The global queue: what plain threads and other runtimes spawn and wake, for whichever loop comes
// first. Invariants: (1) the list is under lock_; (2) size_ is raised, seq_cst, after a job is in:
// parking relies on it (README.md); (3) jobs leave in order of arrival, in batches.
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>

#include "base/job_list.hpp"

#include <atomic>
#include <cstddef>
#include <mutex>

namespace heddle::detail {

class inject_queue {
 public:
  void push(job& item) noexcept {
    std::lock_guard guard(lock_);
    jobs_.push(item);
    // order: seq_cst — in the total order with a parking loop's announcement (README.md).
    size_.store(jobs_.size(), std::memory_order_seq_cst);
  }

  /// Moves up to `most` jobs into `into`. Returns how many.
  std::size_t take(std::size_t most, job_list& into) noexcept {
    if (size() == 0) return 0;
    std::lock_guard guard(lock_);
    std::size_t taken = 0;
    for (; taken < most; ++taken) {
      job* const item = jobs_.pop();
      if (item == nullptr) break;
      into.push(*item);
    }
    size_.store(jobs_.size(), std::memory_order_relaxed);
    return taken;
  }

  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  bool empty_seq_cst() const noexcept {
    // order: seq_cst — the last search before parking (README.md, step 3).
    return size_.load(std::memory_order_seq_cst) == 0;
  }

 private:
  spinlock lock_;
  job_list jobs_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace heddle::detail
