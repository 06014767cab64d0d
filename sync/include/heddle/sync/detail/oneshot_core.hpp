// SPDX-License-Identifier: MIT
// What the two ends of a oneshot share. Invariants: (1) value and error are written by the promise
// before it publishes, and read by the future after that; (2) each end leaves once, and whoever is
// second frees the state. No API.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include <atomic>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <variant>

namespace heddle::sync {

/// Thrown by oneshot_future::get when the promise went away without setting anything.
struct broken_promise : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace detail {

[[noreturn]] void throw_no_oneshot(const char* end);
[[noreturn]] void throw_broken_promise();
[[noreturn]] void throw_null_error();

class oneshot_core {
 public:
  /// Errors: std::logic_error if something was set before.
  void check_unset() const;
  /// Says that the outcome is there. Returns whether anybody will take it.
  bool publish() noexcept;
  /// Returns whether the future has not gone.
  bool wanted() const noexcept;
  /// Returns whether the outcome is there, or will never be.
  bool ready() const noexcept;
  /// Waits until ready(). Returns false if `limit` passed first. Errors: `cancelled`.
  bool wait(deadline limit);
  /// One end goes. Returns whether it was the last: then the caller frees the state.
  bool promise_goes() noexcept;
  bool future_goes() noexcept;

  std::exception_ptr error;

 private:
  static constexpr unsigned settled = 1;  // the outcome is there, or the promise has gone
  static constexpr unsigned promise_gone = 2;
  static constexpr unsigned future_gone = 4;

  std::atomic<unsigned> state_{0};
  wait_queue waiting_;
};

template <class T>
struct oneshot_state : oneshot_core {
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
};

struct promise_leaves {
  template <class State>
  void operator()(State* shared) const noexcept {
    if (shared->promise_goes()) delete shared;
  }
};
struct future_leaves {
  template <class State>
  void operator()(State* shared) const noexcept {
    if (shared->future_goes()) delete shared;
  }
};

}  // namespace detail
}  // namespace heddle::sync
