// SPDX-License-Identifier: MIT
// One who waits for something to be handed over, and the list of those who do: what channels and
// events have in common, and why one wait may be in several lists (select). The proof is in
// sync/src/README.md, whose invariants these are: (1) a party is touched by others only under the
// lock of the list that holds it; who has taken it out of the list and won the claim goes on
// touching it under that lock until it has settled it; (2) whoever was woken for a party waits
// until it is settled. No API.
#pragma once

#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>

namespace heddle::sync::detail {

/// What became of a party whose wait was claimed. open: not yet said, or nobody has claimed it.
enum class settlement : std::uint8_t { open, done, failed, closed };

/// A wait in one list. Lies on the waiting stack, or in the case of a select.
class party {
 public:
  party() noexcept = default;
  explicit party(void* place) noexcept : place_(place) {}
  // A case may be moved before it waits: nothing of the wait goes with it.
  party(party&&) noexcept {}
  party& operator=(party&&) = delete;

  /// Goes into the hands of a new wait.
  void begin(waiter& self, std::uint16_t tag, void* place) noexcept {
    self_ = &self;
    tag_ = tag;
    place_ = place;
    outcome_.store(settlement::open, std::memory_order_relaxed);
  }

  /// The value to be moved from (a sender), or the optional to be filled (a receiver).
  void* place() const noexcept { return place_; }

  /// Says what has become of it; the last touch by others. Under the list's lock.
  void settle(settlement how) noexcept {
    // order: release — partner: settled(): the value that was handed over.
    outcome_.store(how, std::memory_order_release);
  }
  void settle(std::exception_ptr why) noexcept {
    error_ = std::move(why);
    settle(settlement::failed);
  }

  /// Returns what became of it, once that is said. For the woken: its claim was won under `lock`,
  /// and is settled before that is released.
  settlement settled(spinlock& lock) const noexcept {
    // order: acquire, twice — partner: settle().
    settlement how = outcome_.load(std::memory_order_acquire);
    if (how != settlement::open) [[likely]]
      return how;
    std::lock_guard guard(lock);
    return outcome_.load(std::memory_order_relaxed);
  }

  /// What failed; null: the value did not come, though nothing of one's own has failed.
  const std::exception_ptr& error() const noexcept { return error_; }

 private:
  friend class party_list;

  waiter* self_ = nullptr;
  void* place_ = nullptr;
  party* next_ = nullptr;
  party* previous_ = nullptr;
  bool linked_ = false;
  std::uint16_t tag_ = 0;
  std::atomic<settlement> outcome_{settlement::open};
  std::exception_ptr error_;
};

/// Parties in order of arrival. All of it under the lock of whoever has the list.
class party_list {
 public:
  party_list() noexcept = default;
  party_list(const party_list&) = delete;
  party_list& operator=(const party_list&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  void append(party& one) noexcept;
  /// Takes `one` out if it is in.
  void remove(party& one) noexcept;

  /// Takes the first party out whose wait it could end, and those before it, whose waits had
  /// ended. Returns it, not settled; null if there is none. `woken` is to be resumed after unlock.
  party* claim_first(resumption& woken) noexcept;

  /// Ends the waits of all, and settles them.
  void claim_all(settlement how, resumption_list& woken) noexcept;

 private:
  void unlink(party& one) noexcept;

  party* first_ = nullptr;
  party* last_ = nullptr;
};

/// Adds the caller to `list`, under `guard`, which it gives back, and waits until the party is
/// settled or `limit` passes. Returns the reason; not event: the party is in no list any more.
wake_reason wait_as(party& self, party_list& list, std::unique_lock<spinlock>& guard,
                    deadline limit, wait_subject about) noexcept;

/// Ends the process: `what` is being destroyed while somebody waits for it.
void check_nobody_waits(const party_list& list, const char* what) noexcept;

}  // namespace heddle::sync::detail
