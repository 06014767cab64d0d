// SPDX-License-Identifier: MIT
// Whether a run piles anything up: what the process holds is noted four times a second. Of a run of
// ten seconds or more the first tenth is left out, and the most of the second half of the rest is
// compared with the most of its first half.
#pragma once

#include "runtime/support/process_counts.hpp"
#include "stress/stress.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

namespace heddle::stress {

class holdings {
 public:
  holdings() : thread_([this] { take_notes(); }) {}
  ~holdings() { stop(); }
  holdings(const holdings&) = delete;
  holdings& operator=(const holdings&) = delete;

  /// Ends the notes. A run of ten seconds or more must have been flat: the same threads, and a
  /// tenth and a few more descriptors (connections come and go), mappings and resident bytes at
  /// most. Prints what was held.
  void require_flat() {
    stop();
    constexpr std::size_t enough = 40;
    if (notes_.size() < enough) return;
    // The first tenth is the start.
    const auto begin = notes_.begin() + static_cast<std::ptrdiff_t>(notes_.size() / 10);
    const auto middle = begin + (notes_.end() - begin) / 2;
    const note early = most(begin, middle);
    const note late = most(middle, notes_.end());
    std::printf(
        "held in the first and second half, at most: threads %zu, %zu; descriptors %zu, "
        "%zu; mappings %zu, %zu; resident %zu, %zu KiB\n",
        early.counts.threads, late.counts.threads, early.counts.descriptors,
        late.counts.descriptors, early.counts.mappings, late.counts.mappings, early.resident / 1024,
        late.resident / 1024);
    constexpr std::size_t few = 16;
    constexpr std::size_t little_memory = std::size_t{4} << 20;
    require(late.counts.threads <= early.counts.threads, "threads pile up");
    require(late.counts.descriptors <= early.counts.descriptors * 11 / 10 + few,
            "descriptors pile up");
    require(late.counts.mappings <= early.counts.mappings * 11 / 10 + few, "mappings pile up");
    if (test::sanitized) return;  // a sanitizer keeps notes of its own
    require(late.resident <= early.resident / 10 * 11 + little_memory, "memory piles up");
  }

 private:
  struct note {
    test::process_counts counts;
    std::size_t resident = 0;
  };
  using iterator = std::vector<note>::const_iterator;

  static note most(iterator from, iterator to) {
    note result;
    for (; from != to; ++from) {
      result.counts.threads = std::max(result.counts.threads, from->counts.threads);
      result.counts.descriptors = std::max(result.counts.descriptors, from->counts.descriptors);
      result.counts.mappings = std::max(result.counts.mappings, from->counts.mappings);
      result.resident = std::max(result.resident, from->resident);
    }
    return result;
  }

  void take_notes() {
    std::unique_lock guard(lock_);
    const auto interval = std::chrono::milliseconds(250);
    while (!changed_.wait_for(guard, interval, [this] { return over_; })) {
      notes_.push_back({test::process_counts::now(), test::resident_bytes()});
    }
  }

  void stop() {
    {
      const std::lock_guard guard(lock_);
      if (over_) return;
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  std::mutex lock_;
  std::condition_variable changed_;
  bool over_ = false;
  std::vector<note> notes_;
  std::thread thread_;
};

}  // namespace heddle::stress
