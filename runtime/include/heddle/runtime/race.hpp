// SPDX-License-Identifier: MIT
// Several calls at once, the first result: race() takes whoever ends first, by value or by
// exception, any() whoever succeeds first. The others are cancelled and have ended before the
// return. Not here: all results (gather.hpp). Source: Promise.race and Promise.any of ECMAScript;
// asyncio.wait(return_when=FIRST_COMPLETED).
#pragma once

#include <heddle/runtime/detail/finish_line.hpp>
#include <heddle/runtime/detail/held_element.hpp>
#include <heddle/runtime/detail/result_shapes.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/task_group.hpp>

#include <array>
#include <cstddef>
#include <ranges>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace heddle {

namespace detail {

template <class... Fs>
using race_result = std::variant<shown_result<std::invoke_result_t<Fs>>...>;

template <errors which, std::size_t... n, class... Fs>
race_result<Fs...> race_all(std::index_sequence<n...>, Fs&&... calls) {
  using result = race_result<Fs...>;
  cooperate();
  finish_line<result> line;
  const spawn_site where = site_of_caller();
  std::array children{line.racers().spawn(
      [&line, &calls] {
        return line.template run<which>(n, std::forward<Fs>(calls), [](auto&& value) {
          return result(std::in_place_index<n>, std::forward<decltype(value)>(value));
        });
      },
      where)...};
  return line.template result_of<which>(children);
}

template <errors which, class Range>
auto race_range(Range& calls, spawn_site where) {
  using value = shown_result<element_result<Range>>;
  cooperate();
  finish_line<value> line;
  std::size_t index = 0;
  std::vector<subtask<late_failure>> children;
  if constexpr (std::ranges::sized_range<Range>) children.reserve(std::ranges::size(calls));
  for (auto&& each : calls) {
    const auto run = [&line, mine = index++](auto&& call) {
      return line.template run<which>(mine, std::forward<decltype(call)>(call), [](auto&& result) {
        return value(std::forward<decltype(result)>(result));
      });
    };
    children.push_back(
        spawn_with<Range>(line.racers(), std::forward<decltype(each)>(each), run, where));
  }
  if (children.empty()) throw_no_racers();
  value first = line.template result_of<which>(children);
  return std::pair<std::size_t, value>(line.winner(), std::move(first));
}

}  // namespace detail

/// Runs all calls at once; the first that ends, by value or by exception, wins, and the others are
/// cancelled. Returns: a variant of the results (std::monostate for void, std::reference_wrapper
/// for references) whose index() says who won. Errors: what the winner threw; `cancelled` if the
/// caller is, before any call, or before somebody has won; task_cancelled if every call was
/// cancelled on its own; std::logic_error outside a fiber. Suspends: yes, until all have ended. The
/// fibers have their place as in gather().
template <class... Fs>
requires detail::callables<Fs...>
auto race(Fs&&... calls) {
  return detail::race_all<detail::errors::count>(std::index_sequence_for<Fs...>(),
                                                 std::forward<Fs>(calls)...);
}

/// As above, for the calls of a range; those of a single-pass range are copied, or moved if they
/// are rvalues, others stay where they are. Returns: the winner's place in the range, and its
/// result. Errors: also std::invalid_argument if the range is empty.
template <class Range>
requires detail::range_of_callables<Range>
auto race(Range&& calls, spawn_site where = spawn_site::current()) {
  return detail::race_range<detail::errors::count>(calls, where);
}

/// Runs all calls at once; the first that succeeds wins, and the others are cancelled. Returns: as
/// race(). Errors: all_failed if none has succeeded and some threw; task_cancelled if every call
/// was cancelled on its own; `cancelled` and std::logic_error as race(). Suspends: yes.
template <class... Fs>
requires detail::callables<Fs...>
auto any(Fs&&... calls) {
  return detail::race_all<detail::errors::do_not_count>(std::index_sequence_for<Fs...>(),
                                                        std::forward<Fs>(calls)...);
}

/// As above, for the calls of a range, kept as by race(). Returns: the winner's place in the range,
/// and its result. Errors: also std::invalid_argument if the range is empty.
template <class Range>
requires detail::range_of_callables<Range>
auto any(Range&& calls, spawn_site where = spawn_site::current()) {
  return detail::race_range<detail::errors::do_not_count>(calls, where);
}

}  // namespace heddle
