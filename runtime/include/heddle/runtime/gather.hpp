// SPDX-License-Identifier: MIT
// Several calls at once, all results: each call is a child of a group that ends before gather does.
// The calls may use the caller's locals; they start in the order in which they are given.
// Not here: the first result only (race.hpp), the same call for many elements (map.hpp). Source:
// asyncio.gather; Promise.allSettled of ECMAScript.
#pragma once

#include <heddle/runtime/detail/held_element.hpp>
#include <heddle/runtime/outcome.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/task_group.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle {

namespace detail {

/// Takes a child's result. A child that was cancelled, because its parent was, has none.
template <class T>
shown_result<T> take_result_of(subtask<T>& child) {
  if (child.was_cancelled()) throw_if_cancelled();
  if constexpr (std::is_void_v<T>) {
    child.get();
    return {};
  } else {
    return child.get();
  }
}

/// Calls f; what it returns is the result.
struct plain_call {
  template <class F>
  std::invoke_result_t<F> operator()(F&& f) const {
    return std::invoke(std::forward<F>(f));
  }
  template <class T>
  static shown_result<T> take(subtask<T>& child) {
    return take_result_of(child);
  }
};

/// Calls f; what it throws is an outcome, too, but for `cancelled`.
struct settling_call {
  template <class F>
  auto operator()(F&& f) const -> outcome<std::invoke_result_t<F>> {
    using result = outcome<std::invoke_result_t<F>>;
    try {
      return result::of_value(call_and_keep(std::forward<F>(f)));
    } catch (const cancelled&) {
      throw;
    } catch (...) {
      return result::of_error(std::current_exception());
    }
  }
  /// One that was cancelled on its own is an error among others.
  template <class T>
  static outcome<T> take(subtask<outcome<T>>& child) {
    try {
      return take_result_of(child);
    } catch (const task_cancelled&) {
      return outcome<T>::of_error(std::current_exception());
    }
  }
};

/// Spawns a child that returns `act(f)`; f outlives the group.
template <class F, class Act>
auto spawn_call(task_group& group, F& f, Act act, spawn_site where) {
  using result = std::invoke_result_t<Act&, F>;
  return group.spawn([&f, act]() -> result { return act(std::forward<F>(f)); }, where);
}

/// Spawns a child for each element of a range, which returns `act(element)`.
template <class Range, class Act>
auto spawn_elements(task_group& group, Range& calls, Act act, spawn_site where) {
  using result = std::invoke_result_t<Act&, typename held_element<Range>::reference>;
  std::vector<subtask<result>> children;
  if constexpr (std::ranges::sized_range<Range>) children.reserve(std::ranges::size(calls));
  for (auto&& each : calls) {
    children.push_back(spawn_with<Range>(group, std::forward<decltype(each)>(each), act, where));
  }
  return children;
}

template <class... Children>
bool all_have_values(const std::tuple<Children...>& children) noexcept {
  return std::apply([](const auto&... each) { return (each.has_value() && ...); }, children);
}
template <class Child>
bool all_have_values(const std::vector<Child>& children) noexcept {
  return std::ranges::all_of(children, [](const Child& each) { return each.has_value(); });
}

/// Joins. A cancellation that comes when all children have a value already is left to the next
/// suspension point: no value is dropped.
template <class Children>
void join_for_values(task_group& group, const Children& children) {
  try {
    group.join();
  } catch (const cancelled&) {
    if (!all_have_values(children)) throw;
  }
}

/// Calls all at once, each by an Act. Returns what that takes of them, in order.
template <class Act, class... Fs>
auto gather_all(Fs&&... calls) {
  cooperate();
  task_group group;
  const spawn_site where = site_of_caller();
  std::tuple children{spawn_call<Fs>(group, calls, Act(), where)...};
  join_for_values(group, children);
  return std::apply(
      [](auto&... each) { return std::tuple<decltype(Act::take(each))...>{Act::take(each)...}; },
      children);
}

template <class Act, class Range>
auto gather_range(Range& calls, spawn_site where) {
  cooperate();
  task_group group;
  auto children = spawn_elements(group, calls, Act(), where);
  join_for_values(group, children);
  std::vector<decltype(Act::take(children.front()))> results;
  results.reserve(children.size());
  for (auto& each : children) results.push_back(Act::take(each));
  return results;
}

}  // namespace detail

/// Runs all calls at once, each in a fiber of its own. Returns: a tuple of their results in the
/// order of the arguments (std::monostate for void, std::reference_wrapper for references). In
/// reports and dumps the fibers have the place where the caller was spawned. Errors:
/// the first failure, after the other calls were cancelled and have ended; `cancelled` if the
/// caller is: before any call, or when some have no result for it; std::logic_error outside a
/// fiber. Suspends: yes. Cost: a task each.
template <class... Fs>
requires detail::callables<Fs...>
auto gather(Fs&&... calls) {
  return detail::gather_all<detail::plain_call>(std::forward<Fs>(calls)...);
}

/// As above, for the calls of a range; those of a single-pass range are copied, or moved if they
/// are rvalues, others stay where they are. Returns: a vector of their results, in the range's
/// order; nothing if they return nothing.
template <class Range>
requires detail::range_of_callables<Range>
auto gather(Range&& calls, spawn_site where = spawn_site::current()) {
  auto results = detail::gather_range<detail::plain_call>(calls, where);
  if constexpr (!std::is_void_v<detail::element_result<Range>>) return results;
}

/// Runs all calls at once and waits for all of them, whatever becomes of the others. Returns: a
/// tuple of their outcomes. Errors: `cancelled` as gather(); std::logic_error outside a fiber; none
/// of theirs: a call that was cancelled on its own has the outcome task_cancelled. Suspends: yes.
template <class... Fs>
requires detail::callables<Fs...>
auto gather_settled(Fs&&... calls) {
  return detail::gather_all<detail::settling_call>(std::forward<Fs>(calls)...);
}

/// As above, for the calls of a range, kept as by gather(). Returns: a vector of their outcomes.
template <class Range>
requires detail::range_of_callables<Range>
auto gather_settled(Range&& calls, spawn_site where = spawn_site::current()) {
  return detail::gather_range<detail::settling_call>(calls, where);
}

}  // namespace heddle
