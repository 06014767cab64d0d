// SPDX-License-Identifier: MIT
// How a call came out: its value, or what it threw.
#pragma once

#include <heddle/runtime/detail/result_shapes.hpp>

#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace heddle {

/// Holds a value or an error, one of them. T: what the call returns: an object, void, a reference.
template <class T>
class outcome {
 public:
  /// What value() keeps: std::monostate for void, std::reference_wrapper for a reference.
  using kept = detail::shown_result<T>;

  static outcome of_value(kept value) { return outcome(std::in_place_index<0>, std::move(value)); }
  static outcome of_error(std::exception_ptr error) noexcept {
    return outcome(std::in_place_index<1>, std::move(error));
  }

  /// Returns whether the call returned.
  bool has_value() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Returns what the call returned; taken out of an rvalue. Errors: rethrows what it threw.
  decltype(auto) value() const& { return get(*this); }
  decltype(auto) value() & { return get(*this); }
  T value() && {
    check();
    if constexpr (std::is_void_v<T>) {
      return;
    } else if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(std::get<0>(held_).get());
    } else {
      return std::get<0>(std::move(held_));
    }
  }

  /// Returns what the call threw; null if it returned.
  std::exception_ptr error() const noexcept {
    return has_value() ? nullptr : *std::get_if<1>(&held_);
  }

 private:
  template <std::size_t which, class Held>
  outcome(std::in_place_index_t<which> place, Held&& held)
      : held_(place, std::forward<Held>(held)) {}
  void check() const {
    if (!has_value()) std::rethrow_exception(*std::get_if<1>(&held_));
  }
  template <class Self>
  static decltype(auto) get(Self& self) {
    self.check();
    if constexpr (std::is_void_v<T>) {
      return;
    } else if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(std::get<0>(self.held_).get());
    } else {
      return (std::get<0>(self.held_));
    }
  }

  std::variant<kept, std::exception_ptr> held_;
};

}  // namespace heddle
