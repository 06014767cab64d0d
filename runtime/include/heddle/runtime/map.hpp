// SPDX-License-Identifier: MIT
// One call for each element of a range, a limited number of them at a time, results in the order of
// the elements. Not here: different calls (gather.hpp). Source: asyncio's semaphore idiom; p-map.
#pragma once

#include <heddle/runtime/detail/held_element.hpp>
#include <heddle/runtime/detail/result_shapes.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/task_group.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include <cstddef>
#include <functional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle {

namespace detail {

[[noreturn]] void throw_no_limit();

inline constexpr wait_kind map_kind{"a free place of map", wait_kind::object::none};

/// How many more calls may be under way. The owner waits for one; whoever ends gives it back.
class places {
 public:
  explicit places(std::size_t count) noexcept : free_(count) {}

  /// Takes a place. Errors: throws `cancelled`. Suspends: yes, cancel-safe.
  void take() {
    cooperate();
    const auto take_one = [this]() noexcept {
      if (free_ == 0) return false;
      --free_;
      return true;
    };
    waiting_.wait_unless(take_one, {}, wait_subject(map_kind));
  }
  void give_back() noexcept {
    waiting_.wake_one([this](bool handed_over) noexcept { free_ += handed_over ? 0 : 1; });
  }

 private:
  wait_queue waiting_;
  std::size_t free_;
};

/// Gives a place back when a call has ended, however.
struct place_holder {
  places& of;
  ~place_holder() { of.give_back(); }
};

}  // namespace detail

/// Calls `fn(element)` for each element of `elements`, at most `limit` at a time, each in a fiber
/// of its own; the calls start in the order of the elements. The range is walked by the caller, as
/// fast as there are places, and may suspend. A call is given the element where it stands; of a
/// single-pass range, whose elements go, a copy, or, of an rvalue, what was moved out of it.
/// Returns: a vector of the results in that order (nothing if fn returns nothing). Errors: the
/// first failure of a call or of the range, after the other calls were cancelled and have ended;
/// `cancelled` if the caller is; std::invalid_argument if the limit is 0; std::logic_error outside
/// a fiber. Suspends: yes.
template <class Range, class F>
requires std::ranges::input_range<Range> &&
    std::is_invocable_v<F&, std::ranges::range_reference_t<Range>>
auto map(Range&& elements, std::size_t limit, F&& fn, spawn_site where = spawn_site::current()) {
  using element = std::ranges::range_reference_t<Range>;
  using result = std::invoke_result_t<F&, element>;
  if (limit == 0) detail::throw_no_limit();
  cooperate();
  detail::places free(limit);
  task_group group;
  std::vector<subtask<result>> children;
  if constexpr (std::ranges::sized_range<Range>) children.reserve(std::ranges::size(elements));
  const auto call = [&fn, &free](auto&& one) -> result {
    const detail::place_holder ends{free};
    return std::invoke(fn, std::forward<decltype(one)>(one));
  };
  group.run([&] {
    for (auto&& each : elements) {
      free.take();
      children.push_back(
          detail::spawn_with<Range>(group, std::forward<decltype(each)>(each), call, where));
    }
  });
  if constexpr (!std::is_void_v<result>) {
    std::vector<detail::kept_result<result>> results;
    results.reserve(children.size());
    for (auto& each : children) results.push_back(each.get());
    return results;
  }
}

}  // namespace heddle
