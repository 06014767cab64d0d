// SPDX-License-Identifier: MIT
// The bytes of one direction that have arrived and not left, and when they came.
// Invariants: (1) at most `capacity` bytes in at most `most_arrivals` arrivals; (2) arrivals are in
// order of time; (3) after end() nothing is added. Used by the fibers of one loop.
#pragma once

#include <heddle/runtime/clock.hpp>

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

namespace heddle::testing::detail {

class backlog {
 public:
  static constexpr std::size_t most_arrivals = 4096;

  struct arrival {
    clock::time_point when;
    std::size_t bytes;
  };

  explicit backlog(std::size_t capacity) : capacity_(capacity) {}

  /// Returns how much may be added.
  std::size_t room() const noexcept;
  /// Adds what has arrived at that time. Shape: 1 <= size <= room().
  void add(std::span<const std::byte> more, clock::time_point when);
  /// Takes the first bytes out. Shape: count <= size().
  void remove(std::size_t count);
  void end() noexcept { ended_ = true; }

  std::size_t size() const noexcept { return bytes_.size() - first_; }
  bool empty() const noexcept { return size() == 0; }
  bool ended() const noexcept { return ended_; }

  /// Returns the bytes, first come first, until add() or remove().
  std::span<const std::byte> bytes() const noexcept { return std::span(bytes_).subspan(first_); }
  const std::deque<arrival>& arrivals() const noexcept { return arrivals_; }

 private:
  std::size_t capacity_;
  std::vector<std::byte> bytes_;
  std::size_t first_ = 0;  // what lies before has left
  std::deque<arrival> arrivals_;
  bool ended_ = false;
};

}  // namespace heddle::testing::detail
