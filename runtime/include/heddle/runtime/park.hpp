// SPDX-License-Identifier: MIT
// The one way to block. Mutexes, channels, timers, sockets and joins are written on this class, and
// so can anybody's own primitive be; it waits in a fiber and on a plain thread alike.
//
// How to wait. Under your lock, find that you must wait; make a waiter; put it in your list;
// unlock; wait(). If the reason is not `event`, lock again, take the waiter out of the list if it
// still is in it, unlock. Then act on the reason. How to wake. Under the same lock, take a waiter
// out of the list and claim() it; unlock; let the resumption resume. A claim that lost is somebody
// who timed out or was cancelled at the same moment: take the next one.
//
// Invariants: (1) of all claims on one wait exactly one wins; (2) a waiter is touched by others
// only under the lock of a list that holds it, so it may live on the waiting stack; (3) no
// allocation. Not here: a list with a lock (wait_queue.hpp). Proof: src/wait/README.md.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/detail/wake_word.hpp>
#include <heddle/runtime/detail/worker_slot.hpp>
#include <heddle/runtime/error.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace heddle {

class waiter;

namespace detail {
struct parker;
struct task_core;
bool watch_end(task_core& core, const waiter& self);
/// The rare part of cooperate(): somebody asks the running fiber, or its budget is spent.
void look_up(bool spent);

/// In a simulation of several loops, before an operation that may suspend: the others may take
/// turns now, as if this core were slow. The fiber goes on on this loop. Suspends: no, to its eyes.
void end_turn() noexcept;
}  // namespace detail

/// Makes a claimed waiter run again: when resume() is called, or by its destructor.
class [[nodiscard]] resumption {
 public:
  resumption() noexcept = default;
  resumption(resumption&& other) noexcept
      : parked_(std::exchange(other.parked_, nullptr)), won_(std::exchange(other.won_, false)) {}
  resumption& operator=(resumption&& other) noexcept {
    resume();
    parked_ = std::exchange(other.parked_, nullptr);
    won_ = std::exchange(other.won_, false);
    return *this;
  }
  ~resumption() { resume(); }

  /// Returns whether the claim won.
  explicit operator bool() const noexcept { return won_; }

  /// Makes the waiter runnable; call it after unlocking. Suspends: no. Cost: a queue operation, and
  /// a wake-up of a parked loop or thread if one is needed.
  void resume() noexcept {
    if (parked_ != nullptr) resume_parked(std::exchange(parked_, nullptr));
  }

 private:
  friend class waiter;
  friend class resumption_list;
  resumption(detail::parker* parked, bool won) noexcept : parked_(parked), won_(won) {}
  static void resume_parked(detail::parker* parked) noexcept;

  detail::parker* parked_ = nullptr;
  bool won_ = false;
};

/// Collects claimed waiters under a lock and resumes them, in order, after it is released.
class resumption_list {
 public:
  resumption_list() noexcept = default;
  resumption_list(const resumption_list&) = delete;
  resumption_list& operator=(const resumption_list&) = delete;
  ~resumption_list() { resume_all(); }

  /// Takes over one claim. Suspends: no, allocates nothing.
  void add(resumption next) noexcept;
  /// Makes all of them runnable.
  void resume_all() noexcept;
  /// Returns whether nobody in it has to be resumed.
  bool empty() const noexcept { return first_ == nullptr; }

 private:
  detail::parker* first_ = nullptr;
  detail::parker* last_ = nullptr;
};

/// What a wait is for, in the words of dumps and stall reports: a constant for each kind of wait.
struct wait_kind {
  /// How the object that is waited on is named.
  enum class object : std::uint8_t { none, address, fiber, descriptor };

  const char* name;  ///< after "waits for": "mutex", "a value of channel"
  object named_by = object::address;
};

/// What one wait is for: its kind, and which object. Default: says nothing.
class wait_subject {
 public:
  constexpr wait_subject() noexcept = default;
  /// `kind` must be static.
  explicit constexpr wait_subject(const wait_kind& kind) noexcept : kind_(&kind) {}
  wait_subject(const wait_kind& kind, const void* object) noexcept
      : kind_(&kind), object_(reinterpret_cast<std::uintptr_t>(object)) {}
  constexpr wait_subject(const wait_kind& kind, fiber_id of) noexcept
      : kind_(&kind), object_(static_cast<std::uint64_t>(of)) {}
  constexpr wait_subject(const wait_kind& kind, int descriptor) noexcept
      : kind_(&kind), object_(static_cast<std::uintptr_t>(descriptor)) {}

  /// As another one's kind() and object() were; `kind` may be null.
  constexpr wait_subject(const wait_kind* kind, std::uint64_t object) noexcept
      : kind_(kind), object_(object) {}

  const wait_kind* kind() const noexcept { return kind_; }
  std::uint64_t object() const noexcept { return object_; }
  const void* address() const noexcept { return reinterpret_cast<const void*>(object_); }

 private:
  const wait_kind* kind_ = nullptr;
  std::uint64_t object_ = 0;
};

/// Says whether cancellation may end a wait. `shield` is for destructors and for waits that must
/// not be left.
enum class cancellation : std::uint8_t { deliver, shield };

/// One wait of the calling fiber or thread. Neither copied nor moved: lists hold its address.
class waiter {
 public:
  /// Begins a wait of the caller; its previous waiter must have ended. Cost: a few stores.
  explicit waiter(cancellation mode = cancellation::deliver, wait_subject about = {}) noexcept;
  explicit waiter(wait_subject about) noexcept : waiter(cancellation::deliver, about) {}

  /// Ends the wait if wait() was never called.
  ~waiter();

  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  /// Parks until a claim wins or `limit` passes. `cancelled` is returned, not thrown, so that the
  /// caller can leave its lists first; throw_if_cancelled() then throws it. Suspends: yes; if
  /// `limit` has passed already, as cooperate() does. Order: what the winner did before its claim
  /// happens before the return.
  wake_reason wait(deadline limit = {}) noexcept;

  /// Returns the tag that the winning claim carried; 0 unless the reason is event.
  std::uint16_t tag() const noexcept;

  /// Tries to end this wait, from any fiber or thread, under the lock of the list that holds it.
  /// `tag` tells the woken which of several lists it was. Cost: one CAS.
  resumption claim(wake_reason reason = wake_reason::event, std::uint16_t tag = 0) noexcept;

 private:
  friend class wait_queue;
  friend bool detail::watch_end(detail::task_core& core, const waiter& self);

  detail::parker* who_;
  std::uint32_t epoch_;
  bool linked_ = false;  // in a wait_queue
  waiter* next_ = nullptr;
  waiter* previous_ = nullptr;
};

/// Takes part in sharing the loop: throws `cancelled` if the calling fiber is cancelled, and yields
/// if it has spent its budget of operations that did not have to wait. For operations that may
/// succeed at once again and again. On a plain thread: nothing. Suspends: sometimes, cancel-safe.
/// Cost: a few loads.
inline void cooperate() {
  detail::thread_state* const here = detail::current_thread_state();
  if (here == nullptr || here->attention == nullptr) return;
  const bool spent = --here->budget == 0;
  if (spent || here->attention->load(std::memory_order_relaxed) != 0) [[unlikely]]
    detail::look_up(spent);
}

/// Throws `cancelled` if `reason` says so.
void throw_if_cancelled(wake_reason reason);

/// Throws `cancelled` if the calling fiber is cancelled; never on a plain thread. Suspends: no.
void throw_if_cancelled();

}  // namespace heddle
