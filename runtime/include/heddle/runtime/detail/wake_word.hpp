// SPDX-License-Identifier: MIT
// The word on which all wakers of one wait compete: exactly one of event, time-out, cancel and
// close wins. Layout, from the high end: epoch (32), floor and then tag (16), reason (8), flags
// (8). While the wait lasts the 16 bits hold its floor: the depth from which on a cancel scope may
// end it. Invariants: (1) an epoch names one wait; a claim with an older epoch loses; (2) in an
// epoch `reason` leaves none once; (3) `parked` is set only while reason is none, after the waiting
// stack is saved, so the winner that finds it set, and no other, must make the waiter runnable; (4)
// the word outlives every wait on it: it belongs to a fiber or a thread, not to a wait. Proof and
// rejected ways: src/wait/README.md. Source: one CAS per waker as in Go's runtime/select.go.
#pragma once

#include <atomic>
#include <cstdint>

namespace heddle {

/// Says what ended a wait. `none` is a wait that has not ended.
enum class wake_reason : std::uint8_t { none, event, timeout, cancelled, closed };

namespace detail {

/// How many cancel scopes of a fiber lie around one of them: the task itself is at depth 0.
using scope_depth = std::uint16_t;
/// The floor of a wait that no cancellation may end.
inline constexpr scope_depth nothing_heard = 0xffff;

class wake_word {
 public:
  enum class claim_result : std::uint8_t { lost, won_running, won_parked };

  /// `first_epoch`: where a record that takes the place of another goes on, so that no claim that
  /// was meant for the other can win here.
  explicit wake_word(std::uint32_t first_epoch = 0) noexcept
      : word_(pack(first_epoch, 0, wake_reason::event, 0)) {}

  /// Begins a wait that scopes at depth `floor` and deeper may end as cancelled; the owner alone
  /// calls this. Returns its epoch.
  std::uint32_t begin(scope_depth floor) noexcept {
    const auto epoch = epoch_of(word_.load(std::memory_order_relaxed)) + 1;
    // order: relaxed — wakers learn the epoch through the lock of the list that the waiter joins; a
    // canceller, which takes no lock, is met by the seq_cst pair in commit_park() and
    // cancel_current().
    word_.store(pack(epoch, floor, wake_reason::none, 0), std::memory_order_relaxed);
    return epoch;
  }

  /// Tries to end wait `epoch`. won_running: the owner has not parked and will see it by itself.
  claim_result try_claim(std::uint32_t epoch, wake_reason reason, std::uint16_t tag) noexcept {
    auto seen = word_.load(std::memory_order_relaxed);
    while (epoch_of(seen) == epoch && reason_of(seen) == wake_reason::none) {
      // order: release — the winner's writes (the value it hands over) are visible to the woken,
      // who acquires in outcome(); acquire on success — the parked flag was set after the stack was
      // saved.
      if (word_.compare_exchange_weak(seen, pack(epoch, tag, reason, 0), std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
        return (seen & parked_bit) != 0 ? claim_result::won_parked : claim_result::won_running;
      }
    }
    return claim_result::lost;
  }

  /// Tries to end whichever wait is under way. For whoever knows that the owner cannot have left
  /// it.
  claim_result claim_current(wake_reason reason) noexcept { return try_claim(epoch(), reason, 0); }

  /// Tries to end whichever wait is under way with `cancelled`, if it hears a scope at `depth`.
  claim_result cancel_current(scope_depth depth) noexcept {
    // order: seq_cst — Dekker with commit_park(): the canceller has set its flag before this load,
    // the parker sets the word before it loads the flag; one of the two sees the other.
    const auto seen = word_.load(std::memory_order_seq_cst);
    if (reason_of(seen) != wake_reason::none || depth < tag_of(seen)) return claim_result::lost;
    return try_claim(epoch_of(seen), wake_reason::cancelled, 0);
  }

  /// Returns the epoch of the present wait. For its owner.
  std::uint32_t epoch() const noexcept { return epoch_of(word_.load(std::memory_order_relaxed)); }
  /// Returns the floor of the present wait; nothing_heard once it has ended. For its owner.
  scope_depth floor() const noexcept {
    const auto seen = word_.load(std::memory_order_relaxed);
    return reason_of(seen) == wake_reason::none ? tag_of(seen) : nothing_heard;
  }

  /// Marks the owner parked, once its stack is saved. Returns false if the wait has ended already:
  /// then nobody else will make the owner runnable, and the caller must.
  bool commit_park() noexcept {
    auto seen = word_.load(std::memory_order_relaxed);
    // order: seq_cst — release for the saved stack (partner: try_claim), and the Dekker of
    // cancel_current().
    return reason_of(seen) == wake_reason::none &&
           word_.compare_exchange_strong(seen, seen | parked_bit, std::memory_order_seq_cst,
                                         std::memory_order_relaxed);
  }

  struct outcome_t {
    wake_reason reason;
    std::uint16_t tag;
  };

  /// Returns how the present wait ended; reason none while it has not.
  outcome_t outcome() const noexcept {
    // order: acquire — partner: try_claim(); the woken sees what the winner wrote.
    const auto seen = word_.load(std::memory_order_acquire);
    const wake_reason reason = reason_of(seen);
    return {reason, reason == wake_reason::none ? std::uint16_t{0} : tag_of(seen)};
  }

 private:
  static constexpr std::uint64_t parked_bit = 1;

  static constexpr std::uint64_t pack(std::uint32_t epoch, std::uint16_t tag, wake_reason reason,
                                      std::uint64_t flags) noexcept {
    return std::uint64_t{epoch} << 32 | std::uint64_t{tag} << 16 |
           static_cast<std::uint64_t>(reason) << 8 | flags;
  }
  static constexpr std::uint32_t epoch_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 32);
  }
  static constexpr std::uint16_t tag_of(std::uint64_t word) noexcept {
    return static_cast<std::uint16_t>(word >> 16);
  }
  static constexpr wake_reason reason_of(std::uint64_t word) noexcept {
    return static_cast<wake_reason>(word >> 8 & 0xff);
  }

  std::atomic<std::uint64_t> word_;
};

}  // namespace detail
}  // namespace heddle
