// SPDX-License-Identifier: MIT
// The connections of one serve() that wait for a request for longer than a moment, so that they can
// be told that there will be none. Those that wait for less find out by themselves.
// Invariant: once stop() has been called, whoever is in the set has been cancelled, and nobody
// enters any more: both under the lock.
#pragma once

#include <heddle/runtime/cancel.hpp>

#include <atomic>
#include <mutex>
#include <unordered_set>

namespace heddle::http::detail {

class idle_set {
 public:
  /// Returns whether serve() is to end.
  bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

  /// Lets `waits` be cancelled by stop(), until leave(). Returns: false if stop() has been called.
  bool enter(cancel_scope& waits) {
    const std::lock_guard lock(guard_);
    if (stopping()) return false;
    waiting_.insert(&waits);
    return true;
  }

  void leave(cancel_scope& waits) noexcept {
    const std::lock_guard lock(guard_);
    waiting_.erase(&waits);
  }

  /// Suspends: no.
  void stop() noexcept {
    const std::lock_guard lock(guard_);
    stopping_.store(true, std::memory_order_relaxed);
    for (cancel_scope* const each : waiting_) each->cancel("the server ends");
  }

 private:
  std::mutex guard_;  // held for as long as a cancellation takes; nothing suspends under it
  std::unordered_set<cancel_scope*> waiting_;
  std::atomic<bool> stopping_{false};
};

}  // namespace heddle::http::detail
