// SPDX-License-Identifier: MIT
// An object that says how many of its kind are alive: what is left behind, and what went too early.
#pragma once

#include <atomic>

namespace heddle::test {

/// Counts those alive.
struct counted {
  explicit counted(std::atomic<int>& of) : alive(&of) { ++*alive; }
  counted(counted&& other) noexcept : counted(*other.alive) {}
  counted& operator=(counted&&) = delete;
  ~counted() { --*alive; }
  std::atomic<int>* alive;
};

}  // namespace heddle::test
