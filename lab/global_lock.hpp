// SPDX-License-Identifier: MIT
// One lock for everything that computes, as in interpreters that let only one of their threads run:
// who has it gives way to those who wait after an interval, and while it waits for something else.
// It keeps a record of who had it when.
// Invariants: (1) one holder at a time; (2) first come, first served, so nobody starves; (3) the
// record is in order, and no two turns overlap.
// Source: CPython's global interpreter lock and its switch interval.
#pragma once

#include <heddle/runtime/clock.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include <sys/types.h>

namespace lab {

/// After so long the holder gives way: CPython's default.
constexpr std::chrono::milliseconds switch_interval{5};

/// Lockable by std::unique_lock. It blocks the thread.
class global_lock {
 public:
  void lock();
  void unlock();

  /// Lets those who wait have their turn, if the caller has had it for the interval. The caller
  /// holds the lock, before and after.
  void give_way();

  /// A time that a thread had the lock.
  struct turn {
    pid_t thread;
    heddle::clock::time_point from;
    heddle::clock::time_point to;
  };
  /// Returns all turns that have ended.
  std::vector<turn> turns() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable free_;
  std::uint64_t next_ticket_ = 0;
  std::uint64_t serving_ = 0;
  heddle::clock::time_point taken_;
  std::vector<turn> turns_;
};

}  // namespace lab
