// SPDX-License-Identifier: MIT
// One value, or one error, from a promise to a future: std::promise and std::future whose wait
// parks a fiber, and may be cancelled. Invariants: (1) the outcome is set once, and taken once; (2)
// a promise that goes away without one leaves broken_promise; (3) both ends share one allocation,
// which the last of them frees, so they may live in different runtimes and threads. Source:
// std::promise, and tokio's sync/oneshot.rs for an end that hears that the other has gone.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/sync/detail/oneshot_core.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace heddle::sync {

template <class T>
struct oneshot;

/// The end that sets the outcome. Move-only; one thread or fiber at a time. Misuse (set twice, a
/// moved-from end) throws std::logic_error.
template <class T>
class oneshot_promise {
 public:
  oneshot_promise(oneshot_promise&&) noexcept = default;
  oneshot_promise& operator=(oneshot_promise&&) noexcept = default;
  /// Nothing was set: the future gets broken_promise.
  ~oneshot_promise() = default;

  /// Sets the value and wakes the waiting future. Shape: of void without an argument. Returns:
  /// false if nobody will take it: the future has gone. Errors: std::logic_error if something was
  /// set before; what moving the value throws: nothing is set then. Suspends: no. Order: happens
  /// before the return of get(). Cost: one lock, and a wake-up.
  template <class U = T>
  requires std::constructible_from<T, U>
  bool set_value(U&& value) {
    return set([&] { core().value.emplace(std::forward<U>(value)); });
  }
  bool set_value() requires std::is_void_v<T> {
    return set([&] { core().value.emplace(); });
  }

  /// Sets an error, which get() will throw. Shape: not null. Errors: also std::invalid_argument.
  /// Otherwise as set_value().
  bool set_error(std::exception_ptr error) {
    if (error == nullptr) detail::throw_null_error();
    return set([&] { core().error = std::move(error); });
  }

  /// Returns whether somebody may still take the outcome. Suspends: no.
  bool wanted() const { return core().wanted(); }

 private:
  friend struct oneshot<T>;
  using state = detail::oneshot_state<T>;
  explicit oneshot_promise(state* shared) noexcept : shared_(shared) {}

  state& core() const {
    if (shared_ == nullptr) detail::throw_no_oneshot("promise");
    return *shared_;
  }
  template <class Store>
  bool set(Store&& store) {
    core().check_unset();
    store();
    return shared_->publish();
  }

  std::unique_ptr<state, detail::promise_leaves> shared_;
};

/// The end that takes the outcome. Move-only; one thread or fiber at a time. Misuse (taken twice, a
/// moved-from end) throws std::logic_error.
template <class T>
class oneshot_future {
 public:
  using result = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  oneshot_future(oneshot_future&&) noexcept = default;
  oneshot_future& operator=(oneshot_future&&) noexcept = default;
  ~oneshot_future() = default;

  /// Waits for the outcome and takes it, once. Returns: the value. Errors: the error that was set;
  /// broken_promise if the promise went away without; `cancelled`: then it can still be taken.
  /// Suspends: yes, cancel-safe. Cost: set already: a few loads.
  T get() {
    core().wait(deadline::never());
    return take();
  }

  /// As get(), but waits until `limit` only. Returns: empty if nothing was set by then; it can
  /// still be taken. Of void: std::monostate.
  std::optional<result> get_until(deadline limit) {
    if (!core().wait(limit)) return std::nullopt;
    if constexpr (std::is_void_v<T>) {
      take();
      return std::monostate{};
    } else {
      return take();
    }
  }

  /// As get_until(), for at most `wait`.
  template <class Rep, class Period>
  std::optional<result> get_for(std::chrono::duration<Rep, Period> wait) {
    return get_until(deadline::after(wait));
  }

  /// Returns whether get() would not wait. Suspends: no.
  bool ready() const { return core().ready(); }

 private:
  friend struct oneshot<T>;
  using state = detail::oneshot_state<T>;
  explicit oneshot_future(state* shared) noexcept : shared_(shared) {}

  state& core() const {
    if (shared_ == nullptr) detail::throw_no_oneshot("future");
    return *shared_;
  }
  T take() {
    const auto taken = std::move(shared_);  // also when the value throws on its way out
    if (taken->error != nullptr) std::rethrow_exception(taken->error);
    if (!taken->value.has_value()) detail::throw_broken_promise();
    if constexpr (!std::is_void_v<T>) return std::move(*taken->value);
  }

  std::unique_ptr<state, detail::future_leaves> shared_;
};

/// Makes both ends: auto [promise, future] = oneshot<int>();. T: movable, or void.
/// Errors: std::bad_alloc. Cost: one allocation.
template <class T>
struct oneshot {
  static_assert(std::is_void_v<T> || std::is_object_v<T>,
                "heddle::sync::oneshot: T must be a movable object type or void");

  oneshot() : oneshot(new detail::oneshot_state<T>) {}

  oneshot_promise<T> promise;
  oneshot_future<T> future;

 private:
  explicit oneshot(detail::oneshot_state<T>* shared) noexcept : promise(shared), future(shared) {}
};

}  // namespace heddle::sync
