// SPDX-License-Identifier: MIT
// One who waits for something to be handed over, and the list of those who do: what channels and
// events have in common, and why one wait may be in several lists (select). The proof is in
// sync/src/README.md, whose invariants these are: (1) a party is touched by others only under the
// lock of the list that holds it; whoever has taken it out of the list and won the claim goes on
// touching it until it has settled it, as its last touch; (2) whoever was woken for a party waits
// until it is settled; (3) it is settled after that lock was released: so whoever was woken may
// destroy what it waited for, and does not touch it any more, so whoever woke it may, too. No API.
#pragma once

#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/line.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

namespace heddle::sync::detail {

/// What became of a party whose wait was claimed. open: not yet said, or nobody has claimed it.
enum class settlement : std::uint8_t { open, done, failed, closed };

/// A wait in one list. Lies on the waiting stack, or in the case of a select.
class party : private line_entry<party> {
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

  /// Returns whether it is in a list. Under the list's lock.
  bool waits() const noexcept { return linked; }
  /// The value to be moved from (a sender), or the optional to be filled (a receiver).
  void* place() const noexcept { return place_; }

  /// Notes, for whoever has claimed it, that its value has failed to move; null: the value did not
  /// come, though nothing of its own has failed. Under the list's lock.
  void fails(std::exception_ptr why) noexcept {
    error_ = std::move(why);
    how_ = settlement::failed;
  }

  /// Returns what became of it, once that is said. For the woken: whoever has won the claim is
  /// about to say it, a few instructions later.
  settlement settled() const noexcept {
    // order: acquire — partner: handover::finish(): the value that was handed over.
    const settlement how = outcome_.load(std::memory_order_acquire);
    return how != settlement::open ? how : await_settlement();
  }

  /// Returns what failed, as fails() was told. After settled().
  const std::exception_ptr& error() const noexcept { return error_; }

 private:
  friend class party_list;
  friend class handover;
  friend class line<party>;

  settlement await_settlement() const noexcept;

  waiter* self_ = nullptr;
  void* place_ = nullptr;
  std::uint16_t tag_ = 0;
  settlement how_ = settlement::open;  // what will be said
  std::atomic<settlement> outcome_{settlement::open};
  std::exception_ptr error_;
  resumption woken_;
};

/// Parties whose waits were claimed under a lock: they are settled and resumed, in order, once that
/// is released. So it is declared before the guard of the lock.
class handover {
 public:
  handover() noexcept = default;
  handover(const handover&) = delete;
  handover& operator=(const handover&) = delete;
  ~handover() {
    if (first_ != nullptr) finish();
  }

  bool empty() const noexcept { return first_ == nullptr; }

 private:
  friend class party_list;

  void add(party& one) noexcept;
  void finish() noexcept;

  party* first_ = nullptr;
  party* last_ = nullptr;
};

/// Parties in order of arrival. All of it under the lock of whoever has the list.
class party_list : public line<party> {
 public:
  /// Takes the first party out whose wait it could end, and those before it, whose waits had
  /// ended. Returns it, to be settled by `woken` as `how`; null if there is none.
  party* claim_first(handover& woken, settlement how = settlement::done) noexcept;

  /// Ends the waits of all.
  void claim_all(handover& woken, settlement how = settlement::done) noexcept;
};

/// Adds the caller to `list`, under `guard`, which it gives back, and waits until the party is
/// settled or `limit` passes. Returns the reason; the party is in no list any more. If it is event
/// the list, and its lock, have not been touched since.
wake_reason wait_as(party& self, party_list& list, std::unique_lock<spinlock>& guard,
                    deadline limit, wait_subject about) noexcept;

}  // namespace heddle::sync::detail
