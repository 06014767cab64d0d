// SPDX-License-Identifier: MIT
// A variable of which each task has its own value: what thread_local is to threads.
// It hangs on the task, not on the stack: stacks serve many tasks, one after the other.
// Invariants: (1) a value is made by the task that uses it, at its first use, and destroyed on that
// task's fiber when its body has ended, before anybody can join it; (2) of a task's values the one
// made last is destroyed first; (3) nothing is inherited. A plain thread counts as one task, which
// ends with the thread. Not here: values that children inherit (context_var.hpp). Source: POSIX
// thread-specific data.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// One task's value of one variable.
struct local_value {
  explicit local_value(std::shared_ptr<const void> of) noexcept : variable(std::move(of)) {}
  virtual ~local_value() = default;
  local_value(const local_value&) = delete;
  local_value& operator=(const local_value&) = delete;

  const std::shared_ptr<const void> variable;  // kept, so that its address names no other
};

template <class T>
struct local_value_of final : local_value {
  local_value_of(std::shared_ptr<const void> of, const std::function<T()>& make)
      : local_value(std::move(of)), value(make()) {}
  T value;
};

/// Returns the caller's value of a variable; null if it has none.
local_value* find_local(const void* variable) noexcept;
/// Errors: std::logic_error if the caller may not make a value now, std::bad_alloc.
void prepare_local();
/// Keeps a value for the caller, until its task ends.
void keep_local(std::unique_ptr<local_value> made);
/// Destroys the caller's value.
void drop_local(const void* variable) noexcept;

}  // namespace detail

/// A value for each task; on a plain thread, for each thread. Used by any number at once; may go
/// before the values, which stay until their tasks end.
template <class T>
class fiber_local {
 public:
  /// Values begin as T().
  fiber_local() requires std::is_default_constructible_v<T> : fiber_local([] { return T(); }) {}
  /// Values begin as `make()`, which several loops may call at the same time. It may suspend.
  template <class Make>
  requires std::is_invocable_r_v<T, Make&>
  explicit fiber_local(Make make) : make_(std::make_shared<std::function<T()>>(std::move(make))) {}

  fiber_local(const fiber_local&) = delete;
  fiber_local& operator=(const fiber_local&) = delete;

  /// Returns the caller's value, made now if this is its first use. Valid until the task ends:
  /// neither for others nor in what the task returns. Errors: what making it throws (no value is
  /// kept then); std::bad_alloc; std::logic_error in a destructor of values that were made by
  /// destructors of values, four deep. Suspends: as making it. Cost: a search among the variables
  /// that this task uses.
  T& get() const {
    detail::local_value* found = detail::find_local(make_.get());
    if (found == nullptr) {
      detail::prepare_local();
      auto made = std::make_unique<detail::local_value_of<T>>(make_, *make_);
      found = made.get();
      detail::keep_local(std::move(made));
    }
    return static_cast<detail::local_value_of<T>*>(found)->value;
  }
  T& operator*() const { return get(); }
  T* operator->() const { return std::addressof(get()); }

  /// Returns the caller's value; null if it has not been made. Suspends: no.
  T* find() const noexcept {
    detail::local_value* const found = detail::find_local(make_.get());
    if (found == nullptr) return nullptr;
    return std::addressof(static_cast<detail::local_value_of<T>*>(found)->value);
  }

  /// Destroys the caller's value, if there is one; the next get() makes another. Suspends: as ~T().
  void reset() const noexcept { detail::drop_local(make_.get()); }

 private:
  std::shared_ptr<std::function<T()>> make_;  // its address is the variable's name
};

}  // namespace heddle
