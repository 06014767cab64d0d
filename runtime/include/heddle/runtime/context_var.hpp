// SPDX-License-Identifier: MIT
// A variable whose value goes down to the tasks that are spawned: a request's id, a tenant, a
// tracer. A task begins with the values that its spawner had at the spawn; what either sets later
// the other does not see. So for every way to spawn: spawn, groups and what is built on them,
// generators, runtime::spawn and run from a plain thread.
// Invariants: (1) the values of a task are one immutable list, shared with its children until one
// of them sets something; (2) whoever has set nothing and inherited nothing pays nothing at spawn.
// Not here: values that are not inherited (fiber_local.hpp). Source: PEP 567, contextvars of
// Python.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace heddle {

namespace detail {

/// What one variable is bound to, and the older bindings; null: no value.
struct context_node {
  using shared = std::shared_ptr<const void>;
  context_node() = default;
  context_node(shared of, shared to, std::shared_ptr<const context_node> others) noexcept
      : variable(std::move(of)), value(std::move(to)), older(std::move(others)) {}
  ~context_node();
  context_node(const context_node&) = delete;
  context_node& operator=(const context_node&) = delete;

  shared variable;
  shared value;
  std::shared_ptr<const context_node> older;
};
/// All that a task has inherited and set.
using context_snapshot = std::shared_ptr<const context_node>;

/// One set(): what it takes to undo it.
struct context_change {
  std::shared_ptr<const void> variable;
  std::shared_ptr<const void> before;  // null: none
  std::uint64_t made_by = 0;           // a task or thread; 0: undone
};

/// Returns the caller's value; null if it has none.
const void* find_bound(const void* variable) noexcept;
/// Binds for the caller. Errors: std::bad_alloc.
context_change bind_to(const std::shared_ptr<const void>& variable,
                       std::shared_ptr<const void> value);
/// Errors: std::logic_error if it was undone already, made for another variable or by another task.
void undo(context_change& change, const void* variable);
[[noreturn]] void throw_unbound();

/// A binding that ends with this object, without asking for memory then.
class scoped_binding {
 public:
  scoped_binding(const std::shared_ptr<const void>& variable, std::shared_ptr<const void> value);
  ~scoped_binding();
  scoped_binding(const scoped_binding&) = delete;
  scoped_binding& operator=(const scoped_binding&) = delete;

 private:
  std::shared_ptr<context_node> restores_;
  context_snapshot before_;
  context_snapshot bound_;
  std::uint64_t made_by_;
};

}  // namespace detail

/// A variable that children inherit. On a plain thread: that thread's. Used by any number of fibers
/// and threads at once; values must bear being read by several of them. A value lives until nobody
/// has it any more, and is destroyed by whoever was last.
template <class T>
class context_var {
 public:
  /// Undoes a set().
  class token {
   public:
    token(token&& other) noexcept : change_(std::exchange(other.change_, {})) {}
    token& operator=(token&& other) noexcept {
      change_ = std::exchange(other.change_, {});
      return *this;
    }

   private:
    friend class context_var;
    explicit token(detail::context_change change) noexcept : change_(std::move(change)) {}
    detail::context_change change_;
  };

  /// Binds a value from its construction to its end, both in one task; ended by another, the
  /// process stops with a message.
  class scoped {
   public:
    /// Errors: std::bad_alloc.
    scoped(context_var& variable, T value)
        : binding_(variable.default_, std::make_shared<const T>(std::move(value))) {}

   private:
    detail::scoped_binding binding_;
  };

  /// Constructs a variable without a default.
  context_var() : default_(std::make_shared<const std::optional<T>>()) {}
  /// Constructs a variable whose value is `fallback` where none was set.
  explicit context_var(T fallback)
      : default_(std::make_shared<const std::optional<T>>(std::move(fallback))) {}

  context_var(const context_var&) = delete;
  context_var& operator=(const context_var&) = delete;

  /// Returns the caller's value, or the default. Valid until the caller sets or resets the
  /// variable, or ends. Errors: std::logic_error if there is neither. Cost: a search among the
  /// variables that are set.
  const T& get() const {
    const T* const found = find();
    if (found == nullptr) detail::throw_unbound();
    return *found;
  }

  /// Returns a copy of the caller's value, or of the default, or, if there is neither, `other`.
  T get_or(T other) const {
    const T* const found = find();
    return found != nullptr ? *found : std::move(other);
  }

  /// Returns the caller's value, or the default, or null. Valid as what get() returns.
  const T* find() const noexcept {
    if (const void* const bound = detail::find_bound(default_.get())) {
      return static_cast<const T*>(bound);
    }
    return *default_ ? std::addressof(**default_) : nullptr;
  }

  /// Sets the caller's value, which children spawned from now on inherit. Returns: what reset()
  /// needs; may be dropped. Errors: std::bad_alloc: nothing has changed. Cost: a copy of the
  /// bindings made since this variable was last set.
  token set(T value) {
    return token(detail::bind_to(default_, std::make_shared<const T>(std::move(value))));
  }

  /// Gives the variable back the value that it had before the set() that returned `of`, or none.
  /// Errors: std::logic_error if it was used already, or belongs to another variable or another
  /// task; std::bad_alloc: nothing has changed.
  void reset(token& of) { detail::undo(of.change_, default_.get()); }
  void reset(token&& of) { reset(of); }

 private:
  std::shared_ptr<const std::optional<T>> default_;  // its address is the variable's name
};

}  // namespace heddle
