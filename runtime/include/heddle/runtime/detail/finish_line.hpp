// SPDX-License-Identifier: MIT
// Which of several children of a group comes first, and with what. Invariants: (1) `first_` is set
// once; value_ and error_ are written by that child alone, and read after the join; (2) whoever
// comes first cancels the others. Used by race.hpp.
#pragma once

#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/detail/result_shapes.hpp>
#include <heddle/runtime/error.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/task_group.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace heddle::detail {

/// What an exception is in a race: an end like any other, or none.
enum class errors : std::uint8_t { count, do_not_count };

/// What a call threw that did not count, and as which of them; null: nothing.
struct late_failure {
  std::size_t order = 0;
  std::exception_ptr error;
};

/// Throws all_failed with the failures in order, or task_cancelled if all `calls` were cancelled.
[[noreturn]] void throw_all_failed(std::vector<late_failure> failures, std::size_t calls);
[[noreturn]] void throw_no_racers();

template <class Value>
class finish_line {
 public:
  task_group& racers() noexcept { return racers_; }

  /// Runs in child `index`: calls, and, if it is the first to end, keeps what `keep` makes of its
  /// result. Returns what it threw, if that does not count.
  template <errors which, class Call, class Keep>
  late_failure run(std::size_t index, Call&& call, Keep keep) {
    try {
      std::optional<shield_guard> peace;  // for the end of a result that nobody wants
      auto result = call_and_keep(std::forward<Call>(call));
      if (is_first(index)) come_in([&] { value_.emplace(keep(std::move(result))); });
      peace.emplace(std::nothrow);
    } catch (const cancelled&) {
      throw;  // it has lost, or the caller is cancelled
    } catch (...) {
      if constexpr (which == errors::do_not_count) {
        return {failures_.fetch_add(1, std::memory_order_relaxed), std::current_exception()};
      } else {
        if (is_first(index)) come_in([] { throw; });
      }
    }
    return {};
  }

  /// Waits for all. Returns what the first came with, or throws it. If somebody has come first, a
  /// cancellation of the caller is left to its next suspension point.
  template <errors which, class Children>
  Value result_of(Children& children) {
    try {
      racers_.join();
    } catch (const cancelled&) {
      if (winner() == nobody) throw;
    }
    if (winner() == nobody) fail(children);
    if (error_ != nullptr) std::rethrow_exception(error_);
    return std::move(*value_);
  }

  std::size_t winner() const noexcept { return first_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t nobody = ~std::size_t{0};

  bool is_first(std::size_t index) noexcept {
    std::size_t expected = nobody;
    return first_.compare_exchange_strong(expected, index, std::memory_order_relaxed,
                                          std::memory_order_relaxed);
  }

  template <class Bring>
  void come_in(Bring bring) noexcept {
    try {
      bring();
    } catch (...) {
      error_ = std::current_exception();
    }
    racers_.cancel();
  }

  template <class Children>
  [[noreturn]] static void fail(Children& children) {
    throw_if_cancelled();
    std::vector<late_failure> failures;
    for (auto& each : children) {
      if (each.has_value()) failures.push_back(each.get());
    }
    throw_all_failed(std::move(failures), children.size());
  }

  std::atomic<std::size_t> first_{nobody};
  std::atomic<std::size_t> failures_{0};
  std::optional<Value> value_;
  std::exception_ptr error_;
  task_group racers_;  // ends first
};

}  // namespace heddle::detail
