// SPDX-License-Identifier: MIT
// What select() asks of a case, and the choice among cases, which knows nothing of values. The
// steps are those of sync/src/README.md. No API.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/party.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace heddle::sync::detail {

/// One of several things that may happen. What is not overridden does not apply to its kind.
class select_case {
 public:
  virtual ~select_case() = default;
  /// Returns the lock under which the case is looked at, done and listed; null if there is none.
  virtual spinlock* lock() const noexcept { return nullptr; }
  /// Returns whether the case seems to be possible now. Under the lock. Errors: std::logic_error.
  virtual bool ready() { return false; }
  /// Does the case. Returns false if it was not possible after all. Under the lock. Errors:
  /// channel_closed; what moving a value throws; nothing was done then.
  virtual bool take(handover&) { return false; }
  /// Returns whether the case is in a list already: of another select. Under the lock.
  virtual bool is_enlisted() const noexcept { return false; }
  /// Puts `self` into the list. Under the lock.
  virtual void enlist(waiter&, std::uint16_t) noexcept {}
  /// Has the case end `self`, where there is no list with a lock. Returns false if it is possible
  /// now. Without locks, after all cases are in their lists. Errors: std::logic_error.
  virtual bool watch(waiter&) { return true; }
  /// Takes the wait, which has ended, out of the list. Without locks.
  virtual void leave() noexcept {}
  /// Returns whether the case has happened, after its claim has won and it has been left.
  virtual bool happened() { return true; }
  /// Calls the user's function. Without locks.
  virtual void finish() = 0;
  /// Returns until when the others have time.
  virtual deadline limit() const { return deadline::never(); }
  /// Returns whether the case is what is done if nothing else is possible now.
  virtual bool is_otherwise() const noexcept { return false; }

 protected:
  select_case() noexcept = default;
  select_case(select_case&&) noexcept = default;
  select_case& operator=(select_case&&) = delete;
};

/// Waits until one of `cases` has happened and finishes it. Returns which. `scratch`: as many.
/// Errors: std::invalid_argument: no case, or more than 65,534.
std::size_t select_one(std::span<select_case* const> cases, std::span<select_case*> scratch);

}  // namespace heddle::sync::detail
