// SPDX-License-Identifier: MIT
// A work-stealing deque: one owner pushes and pops at the young end, anybody takes at the old end.
// Invariants: (1) an entry is taken exactly once; (2) a retired array stays readable until the
// deque dies, so a thief may read a stale one: its take then fails or the entry is the same; (3)
// `top` only grows, so there is no ABA. A deque that is not shared (its runtime has one loop) needs
// no atomic read-modify-write. Source: Chase and Lev 2005, doi:10.1145/1073970.1073974; orders
// after Lê et al. 2013, doi:10.1145/2442516.2442524, with an exchange in the place of the fence.
#pragma once

#include "base/cacheline.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace heddle::detail {

template <class T>
class deque {
 public:
  static constexpr std::int64_t no_room = -1;

  explicit deque(bool shared) : shared_(shared) { grow(0, 0); }

  /// Adds at the young end. Owner only. Returns the entry's index. Errors: std::bad_alloc, nothing
  /// added.
  std::int64_t push(T* item) {
    const std::int64_t index = push_if_room(item);
    if (index != no_room) [[likely]]
      return index;
    grow(top_.load(std::memory_order_relaxed), bottom_.load(std::memory_order_relaxed));
    return push_if_room(item);
  }

  /// As push(), but where the array would have to grow it adds nothing and returns no_room.
  std::int64_t push_if_room(T* item) noexcept {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    // order: acquire — partner: the takers' CAS; a slot is reused only after its taker has read it.
    const std::int64_t top = top_.load(std::memory_order_acquire);
    if (bottom - top > mask_) [[unlikely]]
      return no_room;
    slots_[bottom & mask_].store(item, std::memory_order_relaxed);
    // order: release — partner: take_oldest(); the item and its slot are visible with the new
    // bottom.
    bottom_.store(bottom + 1, std::memory_order_release);
    return bottom;
  }

  /// Takes at the old end; null if empty, or if another taker was faster. From any thread.
  T* take_oldest() noexcept {
    if (!shared_) return take_oldest_alone();
    // order: acquire — top before bottom: a bottom read later is no older than that top.
    std::int64_t top = top_.load(std::memory_order_acquire);
    // order: seq_cst — against the exchange in pop_youngest(): of owner and thief at the last entry
    // one sees the other; acquire for the slot and the array.
    const std::int64_t bottom = bottom_.load(std::memory_order_seq_cst);
    if (top >= bottom) return nullptr;
    // order: acquire — partner: grow(): the array's contents.
    T* const item = array_.load(std::memory_order_acquire)->at(top).load(std::memory_order_relaxed);
    // order: seq_cst — one taker per index; see above.
    if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
      return nullptr;
    }
    return item;
  }

  /// Takes at the old end and adds `item` at the young end; needs no room. Returns `item` if there
  /// was nothing. Owner only; not shared.
  T* swap_alone(T* item) noexcept {
    const std::int64_t top = top_.load(std::memory_order_relaxed);
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    if (top >= bottom) return item;
    T* const oldest = slots_[top & mask_].load(std::memory_order_relaxed);
    slots_[bottom & mask_].store(item, std::memory_order_relaxed);
    top_.store(top + 1, std::memory_order_relaxed);
    bottom_.store(bottom + 1, std::memory_order_relaxed);
    prefetch(top + 3, bottom);
    return oldest;
  }

  /// Takes the entry at the young end if it is `item`. Owner only.
  bool pop_youngest(const T* item) noexcept {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;
    if (top_.load(std::memory_order_relaxed) > bottom) return false;
    if (slots_[bottom & mask_].load(std::memory_order_relaxed) != item) return false;
    if (!shared_) {
      bottom_.store(bottom, std::memory_order_relaxed);
      return true;
    }
    // order: seq_cst — announces the pop before top is read; partner: take_oldest().
    bottom_.exchange(bottom, std::memory_order_seq_cst);
    // order: seq_cst — see above.
    std::int64_t top = top_.load(std::memory_order_seq_cst);
    if (top < bottom) return true;
    bool won = top == bottom;
    if (won) {
      // order: seq_cst — the last entry: the same CAS as a thief's.
      won = top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                         std::memory_order_relaxed);
    }
    bottom_.store(bottom + 1, std::memory_order_relaxed);
    return won;
  }

  /// Takes the entry at the old end if it is `item`. Owner only.
  bool take_oldest_if(const T* item) noexcept {
    const std::int64_t top = top_.load(std::memory_order_relaxed);
    if (top >= bottom_.load(std::memory_order_relaxed)) return false;
    if (slots_[top & mask_].load(std::memory_order_relaxed) != item) return false;
    // The same entry cannot come back at the same index, so taking the oldest takes `item` or
    // nothing.
    return take_oldest_at(top);
  }

  /// Begins to load the entry that is `ahead` behind the oldest, if there is one. Owner only.
  /// Entries lie on pages of their own; with many of them each first touch is a miss that can
  /// overlap with other work.
  void prefetch_oldest(std::int64_t ahead) const noexcept {
    prefetch(top_.load(std::memory_order_relaxed) + ahead, bottom_.load(std::memory_order_relaxed));
  }

  /// Returns how many entries there are, at some moment near the call.
  std::int64_t size() const noexcept {
    const std::int64_t size =
        bottom_.load(std::memory_order_relaxed) - top_.load(std::memory_order_relaxed);
    return size > 0 ? size : 0;
  }
  bool maybe_empty() const noexcept {
    return bottom_.load(std::memory_order_relaxed) <= top_.load(std::memory_order_relaxed);
  }
  std::int64_t oldest_index() const noexcept { return top_.load(std::memory_order_relaxed); }
  /// Owner only.
  std::int64_t youngest_index() const noexcept {
    return bottom_.load(std::memory_order_relaxed) - 1;
  }

  bool empty_seq_cst() const noexcept {
    // order: seq_cst — the last search before parking (README.md, step 3).
    const std::int64_t top = top_.load(std::memory_order_seq_cst);
    // order: seq_cst — as above.
    return top >= bottom_.load(std::memory_order_seq_cst);
  }

 private:
  void prefetch(std::int64_t at, std::int64_t bottom) const noexcept {
    if (at >= bottom) return;
    const auto* const entry =
        reinterpret_cast<const char*>(slots_[at & mask_].load(std::memory_order_relaxed));
    __builtin_prefetch(entry);
    __builtin_prefetch(entry + cacheline_bytes);
  }

  using slot_type = std::atomic<T*>;

  struct array {
    explicit array(std::int64_t slots)
        : capacity(slots), slot(new std::atomic<T*>[static_cast<std::size_t>(slots)]) {}
    std::atomic<T*>& at(std::int64_t index) noexcept {
      return slot[static_cast<std::size_t>(index & (capacity - 1))];
    }
    std::int64_t capacity;  // a power of two
    std::unique_ptr<std::atomic<T*>[]> slot;
  };

  T* take_oldest_alone() noexcept {
    const std::int64_t top = top_.load(std::memory_order_relaxed);
    if (top >= bottom_.load(std::memory_order_relaxed)) return nullptr;
    T* const item = slots_[top & mask_].load(std::memory_order_relaxed);
    top_.store(top + 1, std::memory_order_relaxed);
    return item;
  }

  bool take_oldest_at(std::int64_t top) noexcept {
    if (!shared_) {
      top_.store(top + 1, std::memory_order_relaxed);
      return true;
    }
    // order: seq_cst — one taker per index; as take_oldest().
    return top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                        std::memory_order_relaxed);
  }

  void grow(std::int64_t top, std::int64_t bottom) {
    constexpr std::int64_t first_capacity = 256;
    const std::int64_t capacity = arrays_.empty() ? first_capacity : 2 * (mask_ + 1);
    auto bigger = std::make_unique<array>(capacity);
    for (std::int64_t n = top; n < bottom; ++n) {
      bigger->at(n).store(slots_[n & mask_].load(std::memory_order_relaxed),
                          std::memory_order_relaxed);
    }
    arrays_.push_back(std::move(bigger));
    slots_ = arrays_.back()->slot.get();
    mask_ = capacity - 1;
    // order: release — partner: take_oldest().
    array_.store(arrays_.back().get(), std::memory_order_release);
  }

  alignas(cacheline_bytes) std::atomic<std::int64_t> top_{0};
  alignas(cacheline_bytes) std::atomic<std::int64_t> bottom_{0};
  slot_type* slots_ = nullptr;  // the present array, for the owner
  std::int64_t mask_ = 0;
  bool shared_;
  std::atomic<array*> array_{nullptr};
  std::vector<std::unique_ptr<array>> arrays_;  // all that ever were: together twice the largest
};

}  // namespace heddle::detail
