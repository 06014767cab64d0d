// SPDX-License-Identifier: MIT
// The one switch: leaves an execution, enters another, and keeps with each what the thread would
// mix up. Invariants: (1) exception globals and errno are saved on leaving and restored on
// entering, through pointers that belong to the thread, not to the function; (2) after the jump
// nothing from before it is trusted: the thread may be another; (3) who has just been left is
// stored by the one that was entered. Not here: what is to happen to the one left
// (sched/worker.hpp). Source: Boost.Context's fcontext.
#pragma once

#include "base/worker_slot.hpp"
#include "fiber/eh_globals.hpp"
#include "fiber/jump.hpp"
#include "fiber/sanitizer.hpp"

#include <bit>
#include <cstdint>

namespace heddle::detail {

class fiber;

/// A stack that can be entered: a fiber's, or the one a loop's thread came with.
struct alignas(8) execution {
  fcontext_t context = nullptr;
  eh_globals exceptions;
  int saved_errno = 0;
  fiber* self = nullptr;  // null for a root context
  [[no_unique_address]] sanitizer_state sanitizer;
};

/// What a loop's thread keeps for the switch.
struct thread_state {
  eh_globals* exceptions = nullptr;
  int* errno_address = nullptr;
  fiber* running = nullptr;  // null on the root context
};

/// What is to become of an execution that was left, once its stack is saved.
enum class after : std::uintptr_t { nothing, yielded, parks, ended };

/// Who was left, and what is to become of it.
struct departure {
  execution* who;
  after what;

  std::uintptr_t packed() const noexcept {
    return std::bit_cast<std::uintptr_t>(who) | static_cast<std::uintptr_t>(what);
  }
  static departure unpack(const void* data) noexcept {
    const auto bits = std::bit_cast<std::uintptr_t>(data);
    return {std::bit_cast<execution*>(bits & ~std::uintptr_t{7}), static_cast<after>(bits & 7)};
  }
};

/// Takes the address of the calling thread's errno, anew at each call.
int* errno_of_thread() noexcept;

/// The first thing on a stack just entered: keeps the context of the one that was left.
inline __attribute__((always_inline)) departure arrive(execution& now, transfer_t from) noexcept {
  sanitizer_after_switch(now.sanitizer);
  const departure left = departure::unpack(from.data);
  left.who->context = from.fctx;
  return left;
}

/// Leaves `from` for `to`; returns when somebody switches to `from`, perhaps on another thread.
/// Returns who was left for it: the caller does with them what they asked for. `jump` is how this
/// side comes back (jump.hpp).
template <jump_function jump = heddle_jump>
inline __attribute__((always_inline)) departure switch_execution(thread_state& thread,
                                                                 execution& from, execution& to,
                                                                 after what) noexcept {
  from.exceptions = *thread.exceptions;
  *thread.exceptions = to.exceptions;
  from.saved_errno = *thread.errno_address;
  *thread.errno_address = to.saved_errno;
  sanitizer_before_switch(from.sanitizer, to.sanitizer);
  const departure leaving{&from, what};
  return arrive(from, jump(to.context, std::bit_cast<void*>(leaving.packed())));
}

}  // namespace heddle::detail
