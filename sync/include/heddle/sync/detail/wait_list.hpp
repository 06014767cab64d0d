// SPDX-License-Identifier: MIT
// A FIFO list of waits, each with what its waiter wants: for primitives that hand something over
// (so many permits, a value) and not only wake. The lock is the primitive's, and so is the memory:
// an entry lies on the waiting stack. Invariants: (1) all calls but wait_in() are made under the
// primitive's lock, which protects its state, too; (2) an entry is in the list from the check that
// it must wait until it is taken out to be claimed, or leaves by itself; (3) wait_in() comes back
// with the lock, so whoever has woken it has let go of the primitive by then: it may be destroyed
// as soon as the last wait has returned. Not here: lists that only wake (wait_queue.hpp in
// runtime).
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/line.hpp>

#include <mutex>
#include <utility>

namespace heddle::sync::detail {

/// One wait in a list. A primitive derives from it to add what is wanted.
struct wait_entry : line_entry<wait_entry> {
  explicit wait_entry(wait_subject about, cancellation mode = cancellation::deliver) noexcept
      : who(mode, about) {}

  waiter who;
};

class wait_list : public line<wait_entry> {
 public:
  /// Takes out the oldest that still waits, and ends its wait. Returns it, or null; `woken` has
  /// what is to be resumed after unlocking.
  wait_entry* claim_first(resumption_list& woken,
                          wake_reason reason = wake_reason::event) noexcept {
    while (wait_entry* const oldest = first()) {
      remove(*oldest);
      if (resumption claimed = oldest->who.claim(reason)) {
        woken.add(std::move(claimed));
        return oldest;
      }
    }
    return nullptr;
  }

  /// As claim_first(), for all of them.
  void claim_all(resumption_list& woken, wake_reason reason = wake_reason::event) noexcept {
    while (claim_first(woken, reason) != nullptr) {
    }
  }
};

/// Puts `entry` at the end of `list`, gives `guard` up, parks, and takes `guard` again. Returns:
/// what ended the wait, `cancelled` too; the entry is out of the list. Suspends: yes.
inline wake_reason wait_in(wait_list& list, wait_entry& entry, std::unique_lock<spinlock>& guard,
                           deadline limit) noexcept {
  list.append(entry);
  guard.unlock();
  const wake_reason reason = entry.who.wait(limit);
  guard.lock();
  list.remove(entry);
  return reason;
}

}  // namespace heddle::sync::detail
