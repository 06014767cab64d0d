// SPDX-License-Identifier: MIT
// All stacks of a runtime: fresh, warm (a pooled fiber with its context) and trimmed, by size.
// Invariants: (1) everything here is under one lock, taken once per batch or per unusual stack;
// loops keep their own short list of warm fibers in front of it; (2) stacks are unmapped only with
// the pool, so a fiber's record can be looked at as long as the runtime lives; (3) what was not
// needed for a while is given back to the system, a bounded number at a time.
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>

#include "fiber/fiber.hpp"
#include "fiber/stack.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace heddle::detail {

class stack_pool {
 public:
  struct settings {
    std::size_t default_stack_bytes;
    std::size_t most_mprotect_guards;
    bool refuse_madvise_guards = false;  // for tests
  };
  stack_pool(settings how, scheduler& home, fiber::entry_function entry);
  ~stack_pool();

  /// Takes fibers of the default size into `into`: as many warm ones as it holds, or one fresh one.
  /// Returns how many. Errors: resource_exhausted, std::bad_alloc.
  std::size_t take_default(std::span<fiber*> into);
  /// Takes one fiber with at least `stack_bytes`.
  fiber* take(std::size_t stack_bytes);

  /// Gives back fibers; sizes may differ.
  void give(std::span<fiber* const> list) noexcept;

  /// Trims some of the fibers that were not needed since the last call.
  void decay() noexcept;
  /// Returns whether decay() may still find something to trim.
  bool has_excess() const noexcept { return excess_.load(std::memory_order_relaxed); }

  /// Calls `visit` for each fiber that has been created and not been trimmed. The pool's lock is
  /// held.
  void for_each(const std::function<void(fiber&)>& visit);

  /// Returns the fiber on whose stack or guard page `address` lies; async-signal-safe, takes no
  /// lock.
  const fiber* find(const void* address, bool& in_guard) const noexcept;

  /// Returns who runs on `one`, which may be gone; id none then, or if that is just changing. From
  /// any thread.
  fiber_identity::copy identity_of(const fiber* one) noexcept;

  std::size_t default_stack_bytes() const noexcept { return how_.default_stack_bytes; }
  std::size_t stacks() const noexcept { return stacks_.load(std::memory_order_relaxed); }
  std::size_t pooled() const noexcept { return pooled_.load(std::memory_order_relaxed); }
  std::size_t unguarded() const noexcept { return unguarded_.load(std::memory_order_relaxed); }

 private:
  struct slot_block;  // a slab and what is known of its slots
  struct size_class {
    std::vector<std::unique_ptr<slot_block>> blocks;
    // An array, so that taking a fiber does not have to touch the one below it in a list.
    std::vector<fiber*> warm;
    std::size_t warm_low = 0;  // smallest size of warm since the last decay
    std::vector<std::byte*> trimmed;
  };

  static constexpr std::size_t size_classes = 17;  // 16 KiB .. 1 GiB
  static constexpr std::size_t most_trims_at_once = 128;
  static constexpr std::size_t kept_warm = 64;
  static constexpr std::size_t most_blocks = 8192;

  static std::size_t class_of(std::size_t stack_bytes) noexcept;
  fiber* take_locked(size_class& from, std::size_t stack_bytes);
  fiber& create_fresh(size_class& from, std::size_t stack_bytes);
  slot_block& block_with_room(size_class& from, std::size_t stack_bytes);
  slot_block& block_of(const fiber& one) noexcept;
  void trim_one(size_class& from) noexcept;
  std::uint32_t next_epoch() noexcept;

  settings how_;
  scheduler& home_;
  fiber::entry_function entry_;
  guard_maker guards_;
  std::uint32_t first_epoch_ = 0;
  std::mutex lock_;
  size_class classes_[size_classes];
  std::atomic<slot_block*> index_[most_blocks]{};  // for find(): filled in order, never emptied
  std::atomic<std::size_t> blocks_{0};
  std::atomic<std::size_t> stacks_{0};
  std::atomic<std::size_t> pooled_{0};
  std::atomic<std::size_t> unguarded_{0};
  std::atomic<bool> excess_{false};
};

}  // namespace heddle::detail
