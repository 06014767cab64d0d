// SPDX-License-Identifier: MIT
// Cancelling what runs inside a scope: by hand, by a deadline; and shields against it.
//
// A scope is the time in which one function runs in one fiber. Cancelled, every suspension point
// inside throws `cancelled` until the scope is left; the scope takes that exception, and only its
// own: one that belongs to a scope around it passes through. Invariants: (1) a value that the
// function returns is never dropped, however late; (2) of a scope and one around it that are due at
// once, or cancelled both, the outer one owns the exception; (3) no time-out ends anything early.
// Not here: the exception (cancelled.hpp), children that are cancelled together (task_group.hpp).
// Source: N. J. Smith, "Timeouts and cancellation for humans", 2018; trio's CancelScope.
#pragma once

#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/detail/result_shapes.hpp>
#include <heddle/runtime/detail/scope_frame.hpp>
#include <heddle/runtime/error.hpp>

#include <chrono>
#include <functional>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// Is in a scope from its construction to its end.
class inside_scope {
 public:
  using leave_function = void (*)(scope_frame&) noexcept;
  /// `frame` has been entered.
  inside_scope(scope_frame& frame, leave_function how) noexcept : frame_(&frame), leave_(how) {}
  inside_scope(const inside_scope&) = delete;
  inside_scope& operator=(const inside_scope&) = delete;
  ~inside_scope() { leave(); }

  void leave() noexcept {
    if (scope_frame* const frame = std::exchange(frame_, nullptr)) leave_(*frame);
  }

 private:
  scope_frame* frame_;
  leave_function leave_;
};

/// Runs f in a scope that has been entered. Empty, or false, if f was left by the scope's own
/// `cancelled`.
template <class F>
maybe_t<std::invoke_result_t<F>> run_inside(scope_frame& frame, inside_scope inside, F&& f) {
  using result = std::invoke_result_t<F>;
  try {
    if constexpr (std::is_void_v<result>) {
      std::invoke(std::forward<F>(f));
      return true;
    } else {
      return maybe_t<result>(std::in_place, std::invoke(std::forward<F>(f)));
    }
  } catch (const cancelled&) {
    inside.leave();
    if (!takes_cancelled(frame)) throw;
    return {};
  }
}

/// Runs f in a scope of its own with a deadline.
template <class F>
maybe_t<std::invoke_result_t<F>> run_until(deadline limit, limit_is where, F&& f) {
  scope_frame frame(limit);
  enter_own_scope(frame, where);
  return run_inside(frame, {frame, leave_own_scope}, std::forward<F>(f));
}

[[noreturn]] void throw_timed_out();
[[noreturn]] void throw_timed_out_after(double seconds);

/// Is in a shield from its construction to its end; on a plain thread: nothing.
struct shield_guard {
  /// Errors: std::length_error if 65,534 scopes lie around it.
  shield_guard();
  /// For what the library does on its own account. As above, but so deep inside it is a shield in
  /// which nothing at all is heard.
  explicit shield_guard(std::nothrow_t) noexcept;
  ~shield_guard();
  shield_guard(const shield_guard&) = delete;
  shield_guard& operator=(const shield_guard&) = delete;

  // What the fiber was, and what it heard, before.
  fiber* self;
  scope_frame* due_before = nullptr;
  scope_depth shield_before = 0;
  scope_depth depth_before = 0;
};

}  // namespace detail

/// A part of a fiber's run that can be cancelled from outside of it, or by a deadline.
class cancel_scope {
 public:
  /// Constructs a scope without a deadline.
  cancel_scope() noexcept = default;
  /// Constructs a scope that is cancelled at `limit` if run() is under way then.
  explicit cancel_scope(deadline limit) noexcept : frame_(limit) {}
  /// Waits for a cancel() that is in progress; a few instructions.
  ~cancel_scope() { detail::end_scope(frame_); }
  cancel_scope(const cancel_scope&) = delete;
  cancel_scope& operator=(const cancel_scope&) = delete;

  /// Runs `f()` inside the scope. Returns: its value in a std::optional (a reference as
  /// std::reference_wrapper; for void a bool, true); empty only if `f` was left by this scope's
  /// `cancelled`. Errors: whatever `f` throws, and an outer scope's `cancelled`; std::logic_error
  /// outside a fiber, or if the scope is being run. Suspends: as f; not by itself.
  /// Cost: some 20 ns; with a deadline a clock reading, and a timer if `f` parks.
  template <class F>
  auto run(F&& f) {
    detail::enter_scope(frame_);
    return detail::run_inside(frame_, {frame_, detail::leave_scope}, std::forward<F>(f));
  }

  /// Cancels the scope, now or when it is run; the first reason counts and is copied. Idempotent.
  /// From any fiber or thread. Suspends: no.
  void cancel(std::string_view reason = {}) noexcept { detail::cancel_scope_of(frame_, reason); }

  /// Returns whether the scope has been cancelled, by cancel() or by its deadline.
  bool cancel_requested() const noexcept {
    // order: acquire — what the canceller did before.
    return (frame_.word.load(std::memory_order_acquire) & detail::scope_frame::asked) != 0;
  }

  /// Returns whether its deadline has cancelled it.
  bool timed_out() const noexcept {
    return (frame_.word.load(std::memory_order_relaxed) & detail::scope_frame::timed_out) != 0;
  }

 private:
  detail::scope_frame frame_;
};

/// Runs `f()`, cancelled at `limit`. Returns: as cancel_scope::run. Suspends: as f.
template <class F>
auto move_on_at(deadline limit, F&& f) {
  return detail::run_until(limit, detail::limit_is::anywhere, std::forward<F>(f));
}

/// Runs `f()`, cancelled after `wait`. Returns: as cancel_scope::run. Suspends: as f.
template <class Rep, class Period, class F>
auto move_on_after(std::chrono::duration<Rep, Period> wait, F&& f) {
  const bool ahead = wait > wait.zero();
  return detail::run_until(deadline::after(wait),
                           ahead ? detail::limit_is::ahead : detail::limit_is::anywhere,
                           std::forward<F>(f));
}

/// Runs `f()`, cancelled at `limit`. Returns: what f returns. Errors: timed_out if f was left by
/// the deadline's `cancelled`; else as cancel_scope::run. Suspends: as f. Cost: a clock reading,
/// and a timer if `f` parks.
template <class F>
std::invoke_result_t<F> with_deadline(deadline limit, F&& f) {
  auto result = move_on_at(limit, std::forward<F>(f));
  if (!result) detail::throw_timed_out();
  return detail::unwrap<std::invoke_result_t<F>>(std::move(result));
}

/// Runs `f()`, cancelled after `wait`. Otherwise as with_deadline().
template <class Rep, class Period, class F>
std::invoke_result_t<F> with_timeout(std::chrono::duration<Rep, Period> wait, F&& f) {
  auto result = move_on_after(wait, std::forward<F>(f));
  if (!result) {
    detail::throw_timed_out_after(std::chrono::duration<double>(wait).count());
  }
  return detail::unwrap<std::invoke_result_t<F>>(std::move(result));
}

/// Runs `f()` and keeps from it every cancellation that comes from outside, until f returns: for
/// cleaning up, best with a deadline inside. What was kept away is thrown by the first suspension
/// point after. Returns: what f returns. Errors: what f throws; never `cancelled` of its own. On a
/// plain thread: calls f. Suspends: as f.
template <class F>
std::invoke_result_t<F> shield(F&& f) {
  const detail::shield_guard guard;
  return std::invoke(std::forward<F>(f));
}

}  // namespace heddle
