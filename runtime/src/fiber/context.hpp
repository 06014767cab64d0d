// SPDX-License-Identifier: MIT
// The one switch: leaves an execution, enters another, and keeps with each what the thread would mix up.
// Invariants: (1) exception globals and errno are saved on leaving and restored on entering, through
// pointers that belong to the thread, not to the function; (2) after the jump nothing from before it is
// trusted: the thread may be another; (3) who has just been left is stored by the one that was entered.
// Not here: what is to happen to the one left (sched/worker.hpp). Source: Boost.Context's fcontext.
#pragma once

#include "base/worker_slot.hpp"
#include "fiber/eh_globals.hpp"
#include "fiber/jump.hpp"
#include "fiber/sanitizer.hpp"

namespace heddle::detail {

/// A stack that can be entered: a fiber's, or the one a loop's thread came with.
struct execution {
  fcontext_t context = nullptr;
  eh_globals exceptions;
  int saved_errno = 0;
  void* self = this;  // what a fresh stack is handed when it is first entered; not null
  [[no_unique_address]] sanitizer_state sanitizer;
};

/// What a loop's thread keeps for the switch.
struct thread_state {
  eh_globals* exceptions = nullptr;
  int* errno_address = nullptr;
  execution* leaving = nullptr;
};

/// Takes the address of the calling thread's errno, anew at each call.
int* errno_of_thread() noexcept;

/// The first thing on a stack just entered: keeps the context of the one that was left.
inline __attribute__((always_inline)) void arrive(execution& now, fcontext_t left) noexcept {
  sanitizer_after_switch(now.sanitizer);
  current_thread_state()->leaving->context = left;
}

/// Leaves `from` for `to`; returns when somebody switches to `from`, perhaps on another thread.
inline __attribute__((always_inline)) void switch_execution(thread_state& thread, execution& from,
                                                            execution& to) noexcept {
  from.exceptions = *thread.exceptions;
  *thread.exceptions = to.exceptions;
  from.saved_errno = *thread.errno_address;
  *thread.errno_address = to.saved_errno;
  thread.leaving = &from;
  sanitizer_before_switch(from.sanitizer, to.sanitizer);
  const transfer_t left = heddle_jump(to.context, to.self);
  arrive(from, left.fctx);
}

}  // namespace heddle::detail
