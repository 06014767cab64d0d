// SPDX-License-Identifier: MIT
// Fibers of two runtimes and plain threads that are at something together. Under a seed all of them
// are fibers of one simulation.
#pragma once

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <heddle/runtime.hpp>

#include <cstddef>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::test {

/// Who is to come, and then the meeting.
class crowd {
 public:
  /// Adds a fiber, of the runtimes in turns.
  template <class Body>
  void add_fiber(Body body) {
    fibers_.emplace_back(std::move(body));
  }
  template <class Body>
  void add_thread(Body body) {
    threads_.emplace_back(std::move(body));
  }

  /// Starts them all, calls `host` beside them, and returns when all have ended.
  template <class Host>
  void meet(Host host) {
    if constexpr (simulated) {
      run(with_loops(2), [&] { meet_in_fibers(host); });
    } else {
      meet_anywhere(host);
    }
  }
  void meet() {
    meet([] {});
  }

 private:
  template <class Host>
  void meet_in_fibers(Host& host) {
    std::vector<task<void>> all;
    for (auto& each : fibers_) all.push_back(spawn(std::move(each)));
    for (auto& each : threads_) all.push_back(spawn(std::move(each)));
    host();
    for (auto& each : all) each.join();
  }

  template <class Host>
  void meet_anywhere(Host& host) {
    runtime one(with_loops(2));
    runtime other(with_loops(1));
    std::vector<task<void>> fibers;
    std::vector<std::thread> threads;
    for (std::size_t n = 0; n < fibers_.size(); ++n) {
      fibers.push_back((n % 2 == 0 ? one : other).spawn(std::move(fibers_[n])));
    }
    for (auto& each : threads_) threads.emplace_back(std::move(each));
    host();
    for (auto& each : fibers) each.join();
    for (auto& each : threads) each.join();
  }

  std::vector<std::function<void()>> fibers_;
  std::vector<std::function<void()>> threads_;
};

}  // namespace heddle::test
