// SPDX-License-Identifier: MIT
// Recycled blocks for tasks: two magazines per loop and size in front of one depot of full
// magazines. A magazine is an array, so that taking a block does not have to read the block.
// Invariants: (1) every block comes from malloc by itself, so a task that outlives its runtime is
// freed by free(); (2) magazines and depot have limits; (3) a block is in its own size class only.
// Where there are other loops, a fresh block that fills most of two cache lines has no line in
// common with another: a thief recycles what it has stolen, and would slow down its neighbour's
// loop.
// Source: Bonwick and Adams 2001, "Magazines and vmem", USENIX ATC.
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/detail/task_core.hpp>

#include "base/cacheline.hpp"
#include "sched/limits.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace heddle::detail {

struct magazine {
  magazine* next = nullptr;
  std::size_t count = 0;
  std::array<void*, magazine_blocks> blocks;

  ~magazine();
};

/// Full magazines that all loops of a runtime share.
class block_depot {
 public:
  ~block_depot();
  /// Takes a full magazine; null if there is none.
  std::unique_ptr<magazine> take(std::size_t at) noexcept;
  /// Gives a full magazine; over the limit it is freed.
  void give(std::size_t at, std::unique_ptr<magazine> full) noexcept;
  /// Frees half of what was not needed since the last call, a bounded number.
  void decay() noexcept;

 private:
  struct shelf {
    magazine* first = nullptr;
    std::size_t count = 0;
    std::size_t low = 0;  // smallest count since the last decay
  };
  static constexpr std::size_t most_freed_at_once = 16;
  spinlock lock_;
  std::array<shelf, block_classes> shelves_;
};

/// One loop's magazines: the one in use, and a spare that is full or empty.
class block_cache {
 public:
  /// Errors: std::bad_alloc.
  block_cache(block_depot& depot, bool shared);

  /// Errors: std::bad_alloc.
  void* take(std::size_t at) {
    magazine& in_use = *pairs_[at].in_use;
    if (in_use.count == 0) return refill(at);
    void* const block = in_use.blocks[--in_use.count];
    // A burst of spawns writes each block once: without a hint each write waits for memory.
    constexpr std::size_t ahead = 8;
    if (in_use.count >= ahead) prefetch_to_write(in_use.blocks[in_use.count - ahead]);
    return block;
  }

  void give(std::size_t at, void* block) noexcept {
    magazine& in_use = *pairs_[at].in_use;
    if (in_use.count == magazine_blocks) return spill(at, block);
    in_use.blocks[in_use.count++] = block;
  }

 private:
  struct pair {
    std::unique_ptr<magazine> in_use;
    std::unique_ptr<magazine> spare;
  };
  static void prefetch_to_write(const void* block) noexcept {
    const auto* const bytes = static_cast<const std::byte*>(block);
    __builtin_prefetch(bytes, 1);
    __builtin_prefetch(bytes + cacheline_bytes, 1);
  }
  void* allocate(std::size_t at) const noexcept;
  void* refill(std::size_t at);
  void spill(std::size_t at, void* block) noexcept;

  block_depot& depot_;
  bool shared_;  // there are other loops
  std::array<pair, block_classes> pairs_;
};

}  // namespace heddle::detail
