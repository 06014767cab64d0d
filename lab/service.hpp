// SPDX-License-Identifier: MIT
// The HTTP service of parts 1 and 2, which counts which loop answered what.
// Invariant: every request is counted once, by the loop on which its page was made.
// Pages: /slow sleeps for slow_page in its fiber, /quick answers at once.
#pragma once

#include "loop_map.hpp"

#include <heddle/http/server.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime/fiber_local.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace lab {

constexpr std::chrono::milliseconds slow_page{50};

/// What one loop did for the service.
struct loop_share {
  std::uint64_t requests = 0;
  std::uint64_t connections = 0;  ///< that it served more often than any other loop did
};

class page_service {
 public:
  /// `loops`: of the runtime in which it will serve; outlives the service.
  explicit page_service(const loop_map& loops);

  /// Serves, one fiber a connection, until `listener` is closed and the clients have left.
  /// Suspends: yes.
  void serve(heddle::io::tcp_listener& listener);

  std::vector<loop_share> shares() const;
  /// Returns how many ended connections had been served by more than one loop.
  std::uint64_t moved() const { return moved_.load(std::memory_order_relaxed); }
  /// Returns how many connections ended with an error.
  std::uint64_t broken() const { return server_.stats().broken; }

 private:
  struct alignas(64) counter {  // a cache line of its own: each loop writes to its own
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> connections{0};
  };

  /// How often each loop has answered on a connection, which is a fiber; noted when that ends.
  struct visits {
    explicit visits(page_service* of) : service(of), answered(of->counters_.size(), 0) {}
    visits(visits&& other) noexcept
        : service(std::exchange(other.service, nullptr)), answered(std::move(other.answered)) {}
    visits& operator=(visits&&) = delete;
    ~visits() {
      if (service != nullptr) service->note(answered);
    }
    page_service* service;
    std::vector<std::uint64_t> answered;
  };

  void count();
  void note(const std::vector<std::uint64_t>& answered);

  const loop_map& loops_;
  heddle::http::server server_;
  heddle::fiber_local<visits> visits_{[this] { return visits(this); }};
  std::vector<counter> counters_;
  std::atomic<std::uint64_t> moved_{0};
};

}  // namespace lab
