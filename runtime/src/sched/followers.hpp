// SPDX-License-Identifier: MIT
// Tasks that may not start before older ones of the loop's deque. A fiber that has gone on to
// another loop leaves them here, behind those of its children that wait in the deque, so that all
// of its children that wait are in one place. Invariants: (1) the list is under lock_; (2) tasks
// leave in order of arrival, each after the entry of the deque that it came behind; (3) size_ is
// for those who only look. To parking they are what the queues of the loop that put them here are:
// that one is awake, and the sentinel looks, too. Essay: README.md, "Spawn order".
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/detail/task_core.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace heddle::detail {

class followers {
 public:
  static constexpr std::int64_t nothing = -1;

  struct entry {
    entry(task_core& of, std::int64_t follows) noexcept : core(of), behind(follows) {}

    task_core& core;
    std::int64_t behind;
    std::unique_ptr<entry> next;
  };

  /// Returns a place for a task that may start once the deque's entry at index `behind` has been
  /// taken, if it is not `nothing`. Errors: std::bad_alloc.
  static std::unique_ptr<entry> make_place(task_core& core, std::int64_t behind) {
    return std::make_unique<entry>(core, behind);
  }

  /// Adds the task. Returns its number, for may_have(): how many there have been before it.
  std::int64_t push(std::unique_ptr<entry> fresh) noexcept {
    const std::lock_guard guard(lock_);
    entry* const last = std::exchange(last_, fresh.get());
    (last != nullptr ? last->next : first_) = std::move(fresh);
    const std::size_t size = size_.load(std::memory_order_relaxed) + 1;
    size_.store(size, std::memory_order_relaxed);
    return taken_.load(std::memory_order_relaxed) + static_cast<std::int64_t>(size) - 1;
  }

  /// Takes the oldest; null if there is none, or if it is behind an entry of the deque, whose
  /// oldest is at `deque_is_at` now.
  task_core* take(std::int64_t deque_is_at) noexcept {
    if (maybe_empty()) return nullptr;
    const std::unique_ptr<entry> oldest = unlink(deque_is_at);
    return oldest == nullptr ? nullptr : &oldest->core;
  }

  /// Returns whether the task with that number may wait here.
  bool may_have(std::int64_t number) const noexcept {
    return number >= taken_.load(std::memory_order_relaxed);
  }
  bool maybe_empty() const noexcept { return size_.load(std::memory_order_relaxed) == 0; }
  bool empty_seq_cst() const noexcept {
    // order: seq_cst — the last search before parking (README.md, step 3).
    return size_.load(std::memory_order_seq_cst) == 0;
  }

 private:
  std::unique_ptr<entry> unlink(std::int64_t deque_is_at) noexcept {
    const std::lock_guard guard(lock_);
    if (first_ == nullptr || first_->behind >= deque_is_at) return nullptr;
    std::unique_ptr<entry> oldest = std::move(first_);
    first_ = std::move(oldest->next);
    if (first_ == nullptr) last_ = nullptr;
    size_.store(size_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    taken_.store(taken_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return oldest;
  }

  spinlock lock_;
  std::unique_ptr<entry> first_;
  entry* last_ = nullptr;
  std::atomic<std::int64_t> taken_{0};
  std::atomic<std::size_t> size_{0};
};

}  // namespace heddle::detail
