// SPDX-License-Identifier: MIT
// The one switch: leaves an execution, enters another, and keeps with each what the thread would mix up.
// Invariants: (1) exception globals and errno are saved on leaving and restored on entering, through
// pointers that belong to the thread, not to the function; (2) after the jump nothing from before it is
// trusted: the thread may be another; (3) who has just been left is stored by the one that was entered.
// Not here: what is to happen to the one left (sched/worker.hpp). Source: Boost.Context, fiber::resume.
#pragma once

#include "base/worker_slot.hpp"
#include "fiber/eh_globals.hpp"
#include "fiber/sanitizer.hpp"

#include <boost/context/fiber.hpp>

#include <utility>

namespace heddle::detail {

/// A stack that can be entered: a fiber's, or the one a loop's thread came with.
struct execution {
  boost::context::fiber context;
  eh_globals exceptions;
  int saved_errno = 0;
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
inline __attribute__((always_inline)) void arrive(execution& now,
                                                  boost::context::fiber&& left) noexcept {
  sanitizer_after_switch(now.sanitizer);
  current_thread_state()->leaving->context = std::move(left);
}

/// Leaves `from` for `to`; returns when somebody switches to `from`, perhaps on another thread.
inline __attribute__((always_inline)) void switch_execution(thread_state& thread, execution& from,
                                                            execution& to) noexcept {
  if constexpr (!boost_swaps_eh_globals) {
    from.exceptions = *thread.exceptions;
    *thread.exceptions = to.exceptions;
  }
  from.saved_errno = *thread.errno_address;
  *thread.errno_address = to.saved_errno;
  thread.leaving = &from;
  sanitizer_before_switch(from.sanitizer, to.sanitizer);
  boost::context::fiber left = std::move(to.context).resume();
  arrive(from, std::move(left));
}

}  // namespace heddle::detail
