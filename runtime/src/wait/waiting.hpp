// SPDX-License-Identifier: MIT
// One wait of the calling fiber or thread, from W1 to W6 of README.md: what waiter, join and sleep
// share.
#pragma once

#include <heddle/runtime/park.hpp>

#include "fiber/parker.hpp"

#include <cstdint>

namespace heddle::detail {

class fiber;

/// Returns the calling fiber's parker, or the calling plain thread's.
parker& parker_of_caller() noexcept;

/// Returns the depth from which on a cancelled scope is heard by `self`, the running fiber.
scope_depth floor_now(const fiber& self) noexcept;

/// Returns whether a scope at `floor` or deeper, of `self`, the running fiber, is cancelled.
bool is_cancelled(fiber& self, scope_depth floor) noexcept;

/// Returns why the outermost of the cancelled scopes at `floor` or deeper is cancelled: the one
/// that will take the exception.
cancel_reason reason_to_leave(const fiber& self, scope_depth floor);

class begun_wait {
 public:
  /// Begins a wait (W1).
  begun_wait(cancellation mode, wait_subject about) noexcept;
  /// Goes on with a wait that was begun before.
  begun_wait(parker& who, std::uint32_t epoch) noexcept : who_(&who), epoch_(epoch) {}

  parker& who() const noexcept { return *who_; }
  std::uint32_t epoch() const noexcept { return epoch_; }

  /// Returns whether the caller is cancelled already, and ends the wait if so.
  bool must_stop() noexcept;

  /// Parks until a claim wins or `limit` passes (W2 to W6, lists apart).
  wake_reason park(deadline limit) noexcept;

  /// Returns how the wait ended.
  wake_reason reason() const noexcept { return who_->word.outcome().reason; }

 private:
  parker* who_;
  std::uint32_t epoch_;
};

}  // namespace heddle::detail
