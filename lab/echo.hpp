// SPDX-License-Identifier: MIT
// An echo over a loopback connection, and somebody who asks it every millisecond and writes down
// when the answer came: how late it is says how late everything else on those loops is.
// Invariant: a question that should have been asked while another one waited counts from when it
// should have been asked, so a long stall counts for all who would have felt it.
#pragma once

#include "global_lock.hpp"

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/clock.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <vector>

namespace lab {

/// Answers one client with what it says, until it leaves. If there is a lock, each message
/// first waits for its turn at it. Suspends: yes.
void serve_echo(heddle::io::tcp_listener& listener, global_lock* lock);

/// A question and its answer.
struct trip {
  heddle::clock::time_point asked;
  heddle::clock::time_point answered;
};

/// Asks on a thread and a one-loop runtime of its own.
class echo_observer {
 public:
  /// Connects, and begins to ask.
  explicit echo_observer(const heddle::io::endpoint& service);
  echo_observer(const echo_observer&) = delete;
  echo_observer& operator=(const echo_observer&) = delete;
  ~echo_observer();

  /// Stops. Returns: all trips that were due until now. Errors: io_error. Once.
  std::vector<trip> finish();

 private:
  std::vector<trip> ask_until_end(const heddle::io::endpoint& service) const;

  std::atomic<heddle::clock::time_point> end_{heddle::clock::time_point::max()};
  std::future<std::vector<trip>> asking_;
};

/// Returns how late the answers were, in milliseconds, sorted, of what was asked in that time.
std::vector<double> lateness(const std::vector<trip>& trips, heddle::clock::time_point from,
                             heddle::clock::time_point to);

}  // namespace lab
