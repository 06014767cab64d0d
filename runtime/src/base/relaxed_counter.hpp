// SPDX-License-Identifier: MIT
// A counter that one thread writes and any thread may read.
// It is a plain add: load and store, no RMW. All orders are relaxed, because a reader wants a
// recent value and nothing else. Where a reader concludes something about other memory, use
// published(): release and acquire, which cost nothing more on x86-64.
#pragma once

#include <atomic>
#include <cstdint>

namespace heddle::detail {

class relaxed_counter {
 public:
  void add(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  /// As add, and whoever sees the new value through published() sees what was written before.
  void publish() noexcept {
    // order: release — partner: published().
    value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

  std::uint64_t published() const noexcept {
    // order: acquire — partner: publish().
    return value_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace heddle::detail
