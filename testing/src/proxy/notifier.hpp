// SPDX-License-Identifier: MIT
// Tells fibers and threads that something has changed, whatever it was; they look again.
// Invariant: a change between version() and wait() ends the wait at once, so none is missed.
#pragma once

#include <heddle/runtime/wait_queue.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::testing::detail {

class notifier {
 public:
  /// Returns a number that each change makes another: take it before looking.
  std::uint64_t version() const noexcept {
    // order: acquire — what was changed before is seen by who looks next; partner: changed().
    return version_.load(std::memory_order_acquire);
  }

  void changed() noexcept {
    waiters_.wake_all(wake_reason::event, [this]() noexcept {
      // order: release — partner: version(), and the check in wait().
      version_.fetch_add(1, std::memory_order_release);
    });
  }

  /// Waits for a change since `seen`. Returns: false if `limit` passed first. Errors: throws
  /// `cancelled`. Suspends: yes, cancel-safe.
  bool wait(std::uint64_t seen, deadline limit, wait_subject about) {
    const auto another = [this, seen]() noexcept { return version() != seen; };
    return waiters_.wait_unless(another, limit, about) == wake_reason::event;
  }

 private:
  wait_queue waiters_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace heddle::testing::detail
