// SPDX-License-Identifier: MIT
// What a queue keeps its items in: one class an order. Invariants: (1) memory is taken in the
// constructor of `memory` only, so that a queue can do it outside of its lock; (2) push() needs
// size() < capacity(), pop() needs size() > 0; neither allocates nor throws. Not here: waiting
// (queue.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::sync::detail {

/// First in, first out: a ring.
template <class T>
class fifo_store {
 public:
  using memory = fifo_store;

  fifo_store() noexcept = default;
  explicit fifo_store(std::size_t capacity)
      : items_(std::allocator<T>().allocate(capacity)), capacity_(capacity) {}
  fifo_store(const fifo_store&) = delete;
  fifo_store& operator=(const fifo_store&) = delete;
  ~fifo_store() {
    while (size_ > 0) pop();
    if (items_ != nullptr) std::allocator<T>().deallocate(items_, capacity_);
  }

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }

  void push(T&& item) noexcept {
    const std::size_t room = capacity_ - first_;
    std::construct_at(items_ + (size_ < room ? first_ + size_ : size_ - room), std::move(item));
    ++size_;
  }
  T pop() noexcept {
    T* const oldest = items_ + first_;
    T item(std::move(*oldest));
    std::destroy_at(oldest);
    if (++first_ == capacity_) first_ = 0;
    --size_;
    return item;
  }
  void swap(fifo_store& other) noexcept {
    std::swap(items_, other.items_);
    std::swap(capacity_, other.capacity_);
    std::swap(first_, other.first_);
    std::swap(size_, other.size_);
  }
  /// Moves everything into `larger`, which is empty, and takes its place.
  void move_into(fifo_store& larger) noexcept {
    while (size_ > 0) larger.push(pop());
    swap(larger);
  }

 private:
  T* items_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

/// Last in, first out: a stack.
template <class T>
class lifo_store {
 public:
  using memory = lifo_store;

  lifo_store() noexcept = default;
  explicit lifo_store(std::size_t capacity) { items_.reserve(capacity); }

  std::size_t size() const noexcept { return items_.size(); }
  std::size_t capacity() const noexcept { return items_.capacity(); }

  void push(T&& item) noexcept { items_.push_back(std::move(item)); }
  T pop() noexcept {
    T item(std::move(items_.back()));
    items_.pop_back();
    return item;
  }
  void swap(lifo_store& other) noexcept { items_.swap(other.items_); }
  void move_into(lifo_store& larger) noexcept {
    for (T& item : items_) larger.push(std::move(item));
    items_.clear();
    swap(larger);
  }

 private:
  std::vector<T> items_;
};

/// The least by Compare first, and of equals the oldest: a heap.
template <class T, class Compare>
class priority_store {
  static_assert(std::is_nothrow_move_assignable_v<T>, "a priority_queue moves items about");

 public:
  /// What the items lie in, without the order: neither knows nor copies the user's Compare.
  class memory {
   public:
    memory() noexcept = default;
    explicit memory(std::size_t capacity) { items_.reserve(capacity); }
    std::size_t size() const noexcept { return items_.size(); }
    std::size_t capacity() const noexcept { return items_.capacity(); }
    void swap(memory& other) noexcept { items_.swap(other.items_); }

   private:
    friend class priority_store;
    struct entry {
      T value;
      std::uint64_t number;
    };
    std::vector<entry> items_;
  };

  priority_store() = default;
  explicit priority_store(Compare before) : compare_(std::move(before)) {}

  std::size_t size() const noexcept { return kept_.size(); }
  std::size_t capacity() const noexcept { return kept_.capacity(); }

  void push(T&& item) noexcept {
    kept_.items_.push_back({std::move(item), pushed_++});
    std::push_heap(kept_.items_.begin(), kept_.items_.end(), later(compare_));
  }
  T pop() noexcept {
    std::pop_heap(kept_.items_.begin(), kept_.items_.end(), later(compare_));
    T item(std::move(kept_.items_.back().value));
    kept_.items_.pop_back();
    return item;
  }
  void swap(memory& other) noexcept { kept_.swap(other); }
  void move_into(memory& larger) noexcept {
    for (entry& each : kept_.items_) larger.items_.push_back(std::move(each));
    kept_.items_.clear();
    swap(larger);
  }

 private:
  using entry = typename memory::entry;
  static auto later(const Compare& before) noexcept {
    return [&before](const entry& a, const entry& b) {
      if (before(b.value, a.value)) return true;
      return !before(a.value, b.value) && b.number < a.number;
    };
  }

  memory kept_;
  std::uint64_t pushed_ = 0;
  [[no_unique_address]] Compare compare_;
};

}  // namespace heddle::sync::detail
