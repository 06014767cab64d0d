// SPDX-License-Identifier: MIT
// What a server counts. Nobody waits for a count or orders by one, so all of it is relaxed.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::http::detail {

/// Of what is rare.
class counter {
 public:
  void add() noexcept { value_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Of what all loops do all the time: each thread adds to a part on a cache line of its own, unless
/// there are more threads than parts.
class spread_counter {
 public:
  void add() noexcept { parts_[number_of_thread() % parts_.size()].own.add(); }
  std::uint64_t value() const noexcept;

 private:
  struct alignas(64) part {
    counter own;
  };
  static std::size_t number_of_thread() noexcept;

  std::array<part, 32> parts_;
};

}  // namespace heddle::http::detail
