// SPDX-License-Identifier: MIT
// The switch: leaves an execution, enters another, and keeps with each what the thread would
// mix up. Invariants: (1) exception globals and errno are saved on leaving and restored on
// entering (the globals only if there are any), through pointers that belong to the thread, not to
// the function; (2) after the jump nothing from before it is trusted: the thread may be another;
// (3) whoever has just been left is stored by the one that was entered. Not here: what is to happen
// to the one left (sched/worker.hpp), and the part of a yield that is inlined into users
// (jump.hpp). Source: Boost.Context's fcontext.
#pragma once

#include <heddle/runtime/detail/jump.hpp>
#include <heddle/runtime/detail/worker_slot.hpp>

#include "fiber/eh_globals.hpp"
#include "fiber/sanitizer.hpp"

#include <atomic>
#include <utility>

namespace heddle::detail {

class fiber;

/// A stack that can be entered: a fiber's, or the one a loop's thread came with.
struct alignas(8) execution : saved_context {
  eh_globals exceptions;  // empty while it runs
  int saved_errno = 0;
  fiber* self = nullptr;  // null for a root context
  [[no_unique_address]] sanitizer_state sanitizer;
};

/// What a loop's thread keeps for the switch.
struct switch_state : thread_state {
  eh_globals* exceptions = nullptr;
  int* errno_address = nullptr;

  /// Returns whose stack the thread is on; null on the root context.
  fiber* running() const noexcept { return running_.load(std::memory_order_relaxed); }
  void set_running(fiber* one) noexcept {
    // order: release — the slice was counted before; partner: watched_fiber().
    running_.store(one, std::memory_order_release);
  }
  /// Returns the same, to another thread.
  fiber* watched_fiber() const noexcept {
    // order: acquire — a count of slices that is read later is none from before; partner:
    // set_running().
    return running_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<fiber*> running_{nullptr};
};

/// Takes the address of the calling thread's errno, anew at each call.
int* errno_of_thread() noexcept;

/// Hands the thread from `from` to `to`: what belongs to an execution but lies in the thread.
/// Executions with no exception in flight, which is nearly all, move none.
inline __attribute__((always_inline)) handover hand_over(switch_state& thread, execution& from,
                                                         execution& to, after what) noexcept {
  eh_globals& now = *thread.exceptions;
  if (now.any() || to.exceptions.any()) [[unlikely]] {
    from.exceptions = now;
    now = std::exchange(to.exceptions, {});
  }
  from.saved_errno = *thread.errno_address;
  *thread.errno_address = to.saved_errno;
  return {to.context, departure{&from, what}.packed()};
}

/// The first thing on a stack just entered.
inline __attribute__((always_inline)) departure arrive(execution& now, arrival from) noexcept {
  sanitizer_after_switch(now.sanitizer);
  return keep_context(from);
}

/// Leaves `from` for `to`; returns when somebody switches to `from`, perhaps on another thread.
/// Returns who was left for it: the caller does with them what they asked for.
inline __attribute__((always_inline)) departure switch_execution(switch_state& thread,
                                                                 execution& from, execution& to,
                                                                 after what) noexcept {
  const handover next = hand_over(thread, from, to, what);
  sanitizer_before_switch(from.sanitizer, to.sanitizer);
  return arrive(from, jump(next.to, next.data));
}

}  // namespace heddle::detail
