// SPDX-License-Identifier: MIT
// Telling a fiber that a scope of it is cancelled: steps Q2 and Q3 of scope/README.md.
#pragma once

#include <heddle/runtime/detail/timer.hpp>
#include <heddle/runtime/detail/wake_word.hpp>

namespace heddle::detail {

class fiber;
struct scope_frame;

/// Arms the timers of the scopes around a wait of `self`, on the calling thread's loop. Once a
/// scope: a call that does not park needs none.
void arm_deadlines(fiber& self) noexcept;

/// Says that the deadline has cancelled the scope. Returns false if it is cancelled already, or
/// about to be.
bool mark_late(scope_frame& frame) noexcept;

/// Takes down that the scope at `depth` is cancelled (Q2). For the fiber itself, and others.
void raise_deepest(fiber& inside, scope_depth depth) noexcept;

/// Has the fiber hear that the scope at `depth` is cancelled: now if it waits where that is heard,
/// else at its next suspension point. The caller keeps the fiber inside the scope until the return.
void ask_to_leave(fiber& inside, scope_depth depth) noexcept;

/// Cancels the scopes whose timers a wheel has fired.
void cancel_due(timer* scopes) noexcept;

}  // namespace heddle::detail
