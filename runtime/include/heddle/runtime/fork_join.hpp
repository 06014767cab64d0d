// SPDX-License-Identifier: MIT
// Parallel work by recursion, on the loops: the first call runs here, the others are offered to
// loops that have nothing to do, and what nobody takes runs here too. Made for splitting a problem
// in parts down to a microsecond: a call that is not taken costs some nanoseconds, and neither an
// allocation nor a stack. Invariants: (1) no call outlives fork_join; (2) the first failure cancels
// the others; (3) the fiber waits for what was taken, never its thread. Not here: tasks with names
// and options, calls that mostly wait (task_group.hpp, gather.hpp). Source: work-first stealing,
// Frigo, Leiserson and Randall 1998, doi:10.1145/277650.277725.
#pragma once

#include <heddle/runtime/detail/fork_core.hpp>
#include <heddle/runtime/detail/result_shapes.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// One call that is offered, and what came of it.
template <class F>
class branch_of : public branch {
 public:
  branch_of(F& f, fork_core& in) noexcept : branch(&branch_of::run_as_branch, in), call_(&f) {}

  void run_here() { value_.emplace(call_and_keep(std::forward<F>(*call_))); }
  shown_result<std::invoke_result_t<F>>&& take() noexcept { return std::move(*value_); }

 private:
  static void run_as_branch(branch& self) { static_cast<branch_of&>(self).run_here(); }

  std::remove_reference_t<F>* call_;
  std::optional<shown_result<std::invoke_result_t<F>>> value_;
};

template <std::size_t index, class F>
struct numbered_branch : branch_of<F> {
  using branch_of<F>::branch_of;
};

template <class Indices, class... Fs>
class branches_of;

/// The branches of one call.
template <std::size_t... indices, class... Fs>
class branches_of<std::index_sequence<indices...>, Fs...> : numbered_branch<indices, Fs>... {
 public:
  branches_of(fork_core& in, Fs&... calls) noexcept
      : numbered_branch<indices, Fs>(calls, in)..., fork_(in) {}

  /// Calls `first` here, and each of the others that nobody has taken.
  template <class First>
  auto run(First&& first) {
    offer_from<0>();
    fork_.offered();
    std::optional<shown_result<std::invoke_result_t<First>>> value;
    std::size_t seen = 0;  // so many are back, or known to be taken
    bool some_taken = false;
    try {
      value.emplace(call_and_keep(std::forward<First>(first)));
      [[maybe_unused]] const auto finish = [&](auto& one) {
        const bool is_back = fork_.take_back(one);
        ++seen;
        is_back ? one.run_here() : void(some_taken = true);
      };
      (finish(at<indices>(*this)), ...);
    } catch (...) {
      ((indices >= seen ? void(fork_.take_back(at<indices>(*this))) : void()), ...);
      fork_.fail();
    }
    if (some_taken) fork_.join();
    return std::tuple<shown_result<std::invoke_result_t<First>>,
                      shown_result<std::invoke_result_t<Fs>>...>{std::move(*value),
                                                                 at<indices>(*this).take()...};
  }

 private:
  template <std::size_t index, class F>
  static branch_of<F>& at(numbered_branch<index, F>& one) noexcept {
    return one;
  }
  /// The last one first: a loop that comes takes it, the caller takes the first one back.
  template <std::size_t index>
  void offer_from() noexcept {
    if constexpr (index < sizeof...(Fs)) {
      offer_from<index + 1>();
      fork_.offer(at<index>(*this));
    }
  }

  fork_core& fork_;
};

}  // namespace detail

/// Calls `first()` here, and each of `others()` here afterwards or, at the same time, on a loop
/// that has nothing to do, in a fiber of its own. Returns: a tuple of the results, in order
/// (std::monostate for void, std::reference_wrapper for references). In dumps such a fiber has the
/// place where the caller was spawned. Calls may wait, fork, and go on on other loops. A call that
/// nobody takes is part of the caller: its fiber_local values and id are those there. On a plain
/// thread, a pool's too, all calls run one after the other.
/// Errors: the first failure, after the other calls were cancelled and have ended; calls that have
/// not begun then do not run. `cancelled` before any call if the caller is cancelled already, or if
/// a call was left by its cancellation. A caller that is cancelled meanwhile still makes the calls
/// that nobody has taken; if all return, so does fork_join, and the cancellation comes at the next
/// suspension point. task_cancelled if a call elsewhere
/// ended as cancelled though the caller was not; std::bad_alloc, std::length_error (65,534 scopes
/// inside one another), both before any call.
/// Suspends: while a call that was taken runs; not cancel-safe: calls may have been made. Cost:
/// some nanoseconds for each call that nobody takes; of the caller's stack 150 bytes for each and
/// 310 for all, so some 560 for each level of a recursion. The first fork_join of a fiber allocates
/// a small record of its own, once.
template <class First, class... Others>
requires detail::callables<First, Others...>
auto fork_join(First&& first, Others&&... others) {
  detail::fork_core fork;
  return detail::branches_of<std::index_sequence_for<Others...>, Others...>(fork, others...)
      .run(std::forward<First>(first));
}

}  // namespace heddle
