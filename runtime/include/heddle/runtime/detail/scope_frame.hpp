// SPDX-License-Identifier: MIT
// One cancel scope that a fiber is in, or may be asked to leave: the untyped part of cancel_scope
// and of a time-out. `word`, from the low end:
//   taken      somebody is in run()
//   running    owner and depth are known: whoever cancels asks the owner
//   asked      somebody cancels or has cancelled: nobody else need
//   cancelled  it is: every suspension point inside throws
//   timed_out  by its deadline
//   from bit 8 how many cancellers are at work here
// Invariants: (1) only the owner writes what is not atomic, and, until `running`, whoever
// constructs the frame; reason: whoever set `asked`, before `cancelled`; (2) the owner leaves run()
// only when no canceller is at work and the timer is off. Proof: src/scope/README.md.
#pragma once

#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/detail/timer.hpp>
#include <heddle/runtime/detail/wake_word.hpp>

#include <atomic>
#include <cstdint>
#include <string_view>

namespace heddle::detail {

class fiber;

/// What cancelled::reason() says of a deadline.
inline constexpr std::string_view timed_out_text = "timed out";

struct scope_frame : timer {
  static constexpr std::uint32_t taken = 1;
  static constexpr std::uint32_t running = 2;
  static constexpr std::uint32_t asked = 4;
  static constexpr std::uint32_t cancelled = 8;
  static constexpr std::uint32_t timed_out = 16;
  static constexpr std::uint32_t one_canceller = 256;

  scope_frame() noexcept = default;  // a timer of nobody's wait
  explicit scope_frame(deadline when) noexcept : limit(when) {}
  scope_frame(const scope_frame&) = delete;
  scope_frame& operator=(const scope_frame&) = delete;

  std::atomic<std::uint32_t> word{0};
  scope_depth depth = 0;
  std::uint32_t uncaught_at_entry = 0;
  fiber* owner = nullptr;
  scope_frame* outer = nullptr;
  scope_frame* due_before = nullptr;  // what they were when this frame was entered
  scope_frame* unarmed_before = nullptr;
  deadline limit;  // the timer is armed when the owner first parks inside, if no frame around it
                   // is due before
  cancel_reason reason;
};

enum class limit_is : std::uint8_t { ahead, anywhere };

/// Enters a scope that nobody else can know. `where`: a limit that may have passed is looked at.
/// Errors: std::logic_error outside a fiber, std::length_error if 65,534 scopes lie around it.
void enter_own_scope(scope_frame& frame, limit_is where);
void leave_own_scope(scope_frame& frame) noexcept;

/// Enters a scope that others may cancel at any time. Errors: as above, and std::logic_error if it
/// runs already.
void enter_scope(scope_frame& frame);
void leave_scope(scope_frame& frame) noexcept;

/// Returns whether `cancelled`, which has just left the body of `frame`, and `frame` by now, is
/// the frame's own: it is cancelled, and nothing around it that can be heard.
bool takes_cancelled(const scope_frame& frame) noexcept;

/// Cancels, from any fiber or thread.
void cancel_scope_of(scope_frame& frame, std::string_view reason) noexcept;

/// Ends a scope that is being run as its deadline would end it, now. For simulations.
void expire_scope(scope_frame& frame) noexcept;

/// Waits until no canceller is at work.
void end_scope(scope_frame& frame) noexcept;

}  // namespace heddle::detail
