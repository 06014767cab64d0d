// SPDX-License-Identifier: MIT
// A flag and those who wait for it: what an event and a gate have in common. Invariants: (1) nobody
// waits in the list while the flag is set; (2) whoever waits when it is set is woken, even if a
// reset follows at once; (3) a wait returns only after set() has let go of the lock, its last
// touch: it was woken after that, or has taken the lock itself, or has seen that somebody has
// (`seen`). No API.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/party.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::sync::detail {

class flag {
 public:
  /// Returns whether it is set. Order: true synchronizes with set().
  bool is_set() const noexcept;
  /// Sets it, and wakes all who wait, unless it is set already.
  void set() noexcept;
  void reset() noexcept;
  /// Waits until it is set. Returns: false if `limit` passed first. Errors: throws `cancelled`.
  bool wait_until(deadline limit, wait_subject about);
  /// Returns whether somebody waits. For the owner's destructor.
  bool is_waited_for() const noexcept { return !waiting_.empty(); }

 private:
  friend class event_case_base;
  enum class state : std::uint8_t { reset, set, seen };

  bool note_if_set() noexcept;

  spinlock lock_;
  std::atomic<state> state_{state::reset};  // changed under lock_
  party_list waiting_;
};

}  // namespace heddle::sync::detail
