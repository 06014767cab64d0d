// SPDX-License-Identifier: MIT
// What becomes of a function's result where it must be an object: in an optional, tuple, variant,
// vector or outcome void is std::monostate, and T& is std::reference_wrapper<T>.
#pragma once

#include <functional>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <variant>

namespace heddle::detail {

/// What a result is kept as; void stays void.
template <class R>
using kept_result = std::conditional_t<std::is_reference_v<R>,
                                       std::reference_wrapper<std::remove_reference_t<R>>, R>;

/// What a result is kept as; std::monostate for void.
template <class R>
using shown_result = std::conditional_t<std::is_void_v<R>, std::monostate, kept_result<R>>;

/// One function or several that can be called without arguments.
template <class... Fs>
concept callables = sizeof...(Fs) > 0 && (std::is_invocable_v<Fs> && ...);

/// A range whose elements can be.
template <class Range>
concept range_of_callables =
    std::ranges::input_range<Range> && std::is_invocable_v<std::ranges::range_reference_t<Range>>;

template <class Range>
using element_result = std::invoke_result_t<std::ranges::range_reference_t<Range>>;

/// Calls `f` and returns what is kept of its result.
template <class F, class... Arguments>
shown_result<std::invoke_result_t<F, Arguments...>> call_and_keep(F&& f, Arguments&&... given) {
  if constexpr (std::is_void_v<std::invoke_result_t<F, Arguments...>>) {
    std::invoke(std::forward<F>(f), std::forward<Arguments>(given)...);
    return {};
  } else {
    return std::invoke(std::forward<F>(f), std::forward<Arguments>(given)...);
  }
}

/// std::optional of a result; bool if there is none to keep.
template <class R>
struct maybe {
  using type = std::optional<kept_result<R>>;
};
template <>
struct maybe<void> {
  using type = bool;
};
template <class R>
using maybe_t = typename maybe<R>::type;

/// Takes the result out of an optional, which is not empty.
template <class R>
R unwrap(maybe_t<R>&& result) {
  if constexpr (std::is_void_v<R>) {
    return;
  } else if constexpr (std::is_reference_v<R>) {
    return static_cast<R>(result->get());
  } else {
    return std::move(*result);
  }
}

}  // namespace heddle::detail
