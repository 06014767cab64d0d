// SPDX-License-Identifier: MIT
// Recycled blocks for tasks: a short list per loop in front of one shared list.
// Invariants: (1) every block comes from malloc by itself, so a task that outlives its runtime is freed by
// free(); (2) both lists have limits; (3) a block is in its own size class only.
// Source: magazines, Bonwick and Adams 2001, "Magazines and vmem", USENIX ATC.
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>

#include "sched/limits.hpp"

#include <array>
#include <cstddef>

namespace heddle::detail {

inline constexpr std::size_t block_classes = 3;
/// Eight less than a multiple of 16, which is what malloc gives without waste.
inline constexpr std::array<std::size_t, block_classes> block_bytes{72, 104, 136};

/// Returns the class for `bytes`, or block_classes if it is too large for any.
constexpr std::size_t block_class(std::size_t bytes) noexcept {
  std::size_t at = 0;
  while (at < block_classes && block_bytes[at] < bytes) ++at;
  return at;
}

struct free_block {
  free_block* next;
};

/// The list that all loops of a runtime share.
class block_depot {
 public:
  ~block_depot();
  /// Takes a chain of up to `most` blocks of a class. Returns how many.
  std::size_t take(std::size_t at, std::size_t most, free_block*& chain) noexcept;
  /// Gives a chain of `count` blocks; what is over the limit is freed.
  void give(std::size_t at, free_block* chain, std::size_t count) noexcept;
  /// Frees half of what was not needed since the last call, a bounded number.
  void decay() noexcept;

 private:
  struct shelf {
    free_block* first = nullptr;
    std::size_t count = 0;
    std::size_t low = 0;
  };
  static constexpr std::size_t most_freed_at_once = 1024;
  spinlock lock_;
  std::array<shelf, block_classes> shelves_;
};

/// One loop's list.
class block_cache {
 public:
  explicit block_cache(block_depot& depot) noexcept : depot_(depot) {}
  ~block_cache();

  /// Errors: std::bad_alloc.
  void* take(std::size_t at) {
    magazine& from = magazines_[at];
    if (from.first == nullptr) return refill(at);
    free_block* const block = from.first;
    from.first = block->next;
    --from.count;
    return block;
  }

  void give(std::size_t at, void* memory) noexcept {
    magazine& to = magazines_[at];
    auto* const block = static_cast<free_block*>(memory);
    block->next = to.first;
    to.first = block;
    if (++to.count > cached_blocks) spill(at);
  }

 private:
  struct magazine {
    free_block* first = nullptr;
    std::size_t count = 0;
  };
  void* refill(std::size_t at);
  void spill(std::size_t at) noexcept;

  block_depot& depot_;
  std::array<magazine, block_classes> magazines_;
};

}  // namespace heddle::detail
