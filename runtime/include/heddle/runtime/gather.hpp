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

/// Spawns a child that calls `f`, which outlives the group.
template <class F>
auto spawn_call(task_group& group, F& f, spawn_site where) {
  return group.spawn([&f]() -> std::invoke_result_t<F> { return std::invoke(std::forward<F>(f)); },
                     where);
}

/// Spawns a child for each element of a range, which returns `act(element)`.
template <class Range, class Act>
auto spawn_elements(task_group& group, Range& calls, Act act, spawn_site where) {
  using held = held_element<Range>;
  using result = std::invoke_result_t<Act&, typename held::reference>;
  std::vector<subtask<result>> children;
  if constexpr (std::ranges::sized_range<Range>) children.reserve(std::ranges::size(calls));
  for (auto&& each : calls) {
    children.push_back(group.spawn([one = held(std::forward<decltype(each)>(each)),
                                    act]() mutable -> result { return act(one.get()); },
                                   where));
  }
  return children;
}

/// Joins. A cancellation that comes when all children have a value already is left to the next
/// suspension point: no value is dropped.
template <class HaveValues>
void join_for_values(task_group& group, HaveValues have_values) {
  try {
    group.join();
  } catch (const cancelled&) {
    if (!have_values()) throw;
  }
}

/// Takes a child's result. A child that was cancelled, because its parent was, has none.
template <class T>
shown_result<T> take(subtask<T>& child) {
  if (child.was_cancelled()) throw_if_cancelled();
  if constexpr (std::is_void_v<T>) {
    child.get();
    return {};
  } else {
    return child.get();
  }
}

/// Calls f; what it throws is an outcome, too, but for `cancelled`.
template <class F>
auto settle(F&& f) -> outcome<std::invoke_result_t<F>> {
  using result = outcome<std::invoke_result_t<F>>;
  try {
    return result::of_value(call_and_keep(std::forward<F>(f)));
  } catch (const cancelled&) {
    throw;
  } catch (...) {
    return result::of_error(std::current_exception());
  }
}

/// Takes a settled child's outcome. One that was cancelled on its own is an error among others.
template <class T>
outcome<T> take_settled(subtask<outcome<T>>& child) {
  try {
    return take(child);
  } catch (const task_cancelled&) {
    return outcome<T>::of_error(std::current_exception());
  }
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
  using results = std::tuple<detail::shown_result<std::invoke_result_t<Fs>>...>;
  throw_if_cancelled();
  task_group group;
  const spawn_site where = detail::site_of_caller();
  std::tuple children{detail::spawn_call<Fs>(group, calls, where)...};
  detail::join_for_values(group, [&] {
    return std::apply([](auto&... each) { return (each.has_value() && ...); }, children);
  });
  return std::apply([](auto&... each) { return results{detail::take(each)...}; }, children);
}

/// As above, for the calls of a range; those of a single-pass range are copied, or moved if they
/// are rvalues, others stay where they are. Returns: a vector of their results, in the range's
/// order; nothing if they return nothing.
template <class Range>
requires detail::range_of_callables<Range>
auto gather(Range&& calls, spawn_site where = spawn_site::current()) {
  using result = detail::element_result<Range>;
  throw_if_cancelled();
  task_group group;
  const auto call = [](auto&& each) -> result {
    return std::invoke(std::forward<decltype(each)>(each));
  };
  auto children = detail::spawn_elements(group, calls, call, where);
  detail::join_for_values(group, [&] {
    return std::ranges::all_of(children, [](const auto& each) { return each.has_value(); });
  });
  if constexpr (std::is_void_v<result>) {
    for (auto& each : children) detail::take(each);
  } else {
    std::vector<detail::kept_result<result>> results;
    results.reserve(children.size());
    for (auto& each : children) results.push_back(detail::take(each));
    return results;
  }
}

/// Runs all calls at once and waits for all of them, whatever becomes of the others. Returns: a
/// tuple of their outcomes. Errors: `cancelled` as gather(); std::logic_error outside a fiber; none
/// of theirs: a call that was cancelled on its own has the outcome task_cancelled. Suspends: yes.
template <class... Fs>
requires detail::callables<Fs...>
auto gather_settled(Fs&&... calls) {
  using results = std::tuple<outcome<std::invoke_result_t<Fs>>...>;
  throw_if_cancelled();
  task_group group;
  const spawn_site where = detail::site_of_caller();
  std::tuple children{
      group.spawn([&calls] { return detail::settle(std::forward<Fs>(calls)); }, where)...};
  detail::join_for_values(group, [&] {
    return std::apply([](auto&... each) { return (each.has_value() && ...); }, children);
  });
  return std::apply([](auto&... each) { return results{detail::take_settled(each)...}; }, children);
}

/// As above, for the calls of a range, kept as by gather(). Returns: a vector of their outcomes.
template <class Range>
requires detail::range_of_callables<Range>
auto gather_settled(Range&& calls, spawn_site where = spawn_site::current()) {
  using result = detail::element_result<Range>;
  throw_if_cancelled();
  task_group group;
  const auto settle = [](auto&& each) {
    return detail::settle(std::forward<decltype(each)>(each));
  };
  auto children = detail::spawn_elements(group, calls, settle, where);
  detail::join_for_values(group, [&] {
    return std::ranges::all_of(children, [](const auto& each) { return each.has_value(); });
  });
  std::vector<outcome<result>> results;
  results.reserve(children.size());
  for (auto& each : children) results.push_back(detail::take_settled(each));
  return results;
}

}  // namespace heddle
