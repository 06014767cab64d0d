// SPDX-License-Identifier: MIT
// The newest records of one loop, overwritten in a circle; a reader copies them while the loop goes
// on. Invariants: (1) one writer; (2) a record is three relaxed words between two bumps of the
// count, so a reader that finds the count has lapped a record drops it instead of using a mixture.
// Source: the seqlock, Boehm 2012, doi:10.1145/2247684.2247688.
#pragma once

#include <heddle/runtime/stats.hpp>

#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace heddle::detail {

class event_ring {
 public:
  /// `capacity` is a power of two. Errors: std::bad_alloc.
  explicit event_ring(std::size_t capacity) : mask_(capacity - 1), records_(new record[capacity]) {}

  void add(std::chrono::nanoseconds since_start, trace_kind kind, fiber_id id,
           std::uint32_t arg) noexcept {
    const std::uint64_t at = count_.load(std::memory_order_relaxed);
    record& into = records_[at & mask_];
    // order: release — a reader that sees the new words sees that the old record is being
    // overwritten.
    begun_.store(at + 1, std::memory_order_release);
    std::atomic_thread_fence(std::memory_order_release);  // order: begun_ before the words below
    into.when.store(since_start.count(), std::memory_order_relaxed);
    into.id.store(static_cast<std::uint64_t>(id), std::memory_order_relaxed);
    into.what.store(std::uint64_t{arg} << 8 | static_cast<std::uint64_t>(kind),
                    std::memory_order_relaxed);
    // order: release — partner: copy(): the words are complete.
    count_.store(at + 1, std::memory_order_release);
  }

  /// Returns what is in the ring, oldest first. From any thread.
  std::vector<trace_record> copy() const {
    // order: acquire — partner: add().
    const std::uint64_t end = count_.load(std::memory_order_acquire);
    const std::uint64_t begin = end > mask_ + 1 ? end - mask_ - 1 : 0;
    std::vector<trace_record> found;
    found.reserve(end - begin);
    for (std::uint64_t at = begin; at < end; ++at) {
      const record& from = records_[at & mask_];
      const auto when = from.when.load(std::memory_order_relaxed);
      const auto id = from.id.load(std::memory_order_relaxed);
      const auto what = from.what.load(std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_acquire);  // order: the words before begun_
      if (begun_.load(std::memory_order_relaxed) > at + mask_ + 1) continue;  // lapped
      found.push_back({std::chrono::nanoseconds(when), fiber_id{id},
                       static_cast<std::uint32_t>(what >> 8),
                       static_cast<trace_kind>(what & 0xff)});
    }
    return found;
  }

 private:
  struct record {
    std::atomic<std::chrono::nanoseconds::rep> when{0};
    std::atomic<std::uint64_t> id{0};
    std::atomic<std::uint64_t> what{0};
  };

  std::size_t mask_;
  std::unique_ptr<record[]> records_;
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace heddle::detail
