// SPDX-License-Identifier: MIT
// The results of tasks in the order in which the tasks end.
// Not here: results in the order of the calls (gather.hpp), the first one only (race.hpp). Source:
// asyncio.as_completed.
#pragma once

#include <heddle/runtime/detail/result_shapes.hpp>
#include <heddle/runtime/generator.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/runtime/task_group.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle {

namespace detail {

template <class Reference>
struct result_of_task;
template <class T>
struct result_of_task<task<T>&> {
  using type = T;
};

template <class Range>
using task_result = typename result_of_task<std::ranges::range_reference_t<Range>>::type;

/// A range of task objects that stay where they are, not of copies.
template <class Range>
concept range_of_tasks = std::ranges::forward_range<Range> && requires {
  typename task_result<Range>;
};

/// What as_completed() gives for each task.
template <class T>
using joined_element = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Which of several tasks have ended, in that order.
class arrivals {
 public:
  explicit arrivals(std::size_t tasks) { order_.reserve(tasks); }

  void add(std::size_t task) noexcept {
    arrived_.wake_one([&](bool) noexcept { order_.push_back(task); });
  }
  /// Waits for the next one. Errors: throws `cancelled`. Suspends: yes, cancel-safe.
  std::size_t next() {
    std::size_t task = 0;
    bool there = false;
    const auto look = [&]() noexcept {
      there = taken_ < order_.size();
      if (there) task = order_[taken_++];
      return there;
    };
    while (!there) arrived_.wait_unless(look, {}, wait_subject(arrival_kind, this));
    return task;
  }

 private:
  static constexpr wait_kind arrival_kind{"a task of as_completed"};
  wait_queue arrived_;
  std::vector<std::size_t> order_;  // never grows beyond what was reserved
  std::size_t taken_ = 0;
};

/// Tasks that are dropped are cancelled one after the other, each waited for: rather all at once.
template <class T>
class cancels_rest {
 public:
  explicit cancels_rest(std::vector<task<T>*>& all) noexcept : tasks_(all) {}
  cancels_rest(const cancels_rest&) = delete;
  cancels_rest& operator=(const cancels_rest&) = delete;
  ~cancels_rest() {
    for (task<T>* each : tasks_) {
      if (each->joinable()) each->cancel();
    }
  }

 private:
  std::vector<task<T>*>& tasks_;
};

/// Joins the tasks as they end.
template <class T, class Yield>
void yield_as_completed(std::vector<task<T>*>& tasks, Yield& yield, spawn_site where) {
  arrivals ended(tasks.size());
  task_group watchers;
  watchers.run([&] {
    for (std::size_t n = 0; n < tasks.size(); ++n) {
      if (tasks[n]->done()) {
        ended.add(n);
        continue;
      }
      watchers.spawn(
          [&ended, &tasks, n] {
            tasks[n]->wait();
            ended.add(n);
          },
          where);
    }
    for (std::size_t left = tasks.size(); left != 0; --left) {
      task<T>& next = *tasks[ended.next()];
      std::exception_ptr error;
      std::optional<kept_result<joined_element<T>>> value;
      try {
        value.emplace(call_and_keep([&next]() -> T { return next.join(); }));
      } catch (...) {
        error = std::current_exception();  // of a task that has ended, so it is the task's
      }
      if (error != nullptr) {
        yield.error(std::move(error));
      } else if constexpr (std::is_reference_v<T>) {
        yield(static_cast<T>(value->get()));
      } else {
        yield(std::move(*value));
      }
    }
  });
}

}  // namespace detail

/// Joins the tasks of a range in the order in which they end; of two that end on different loops
/// within the time that it takes to wake a fiber, either may come first. Returns: a generator of
/// their results (std::monostate for void). What left a task is thrown by the begin(), ++ or next()
/// that reaches it, and the next call goes on with the others. A range that is moved in belongs to
/// the generator: dropped early, it cancels the tasks that are left and waits for them. A range
/// that is borrowed must outlive it, and those that were not reached stay as they are, to be
/// joined; till then nobody else may use the tasks. Those that have ended before the first call
/// come first, in the order of the range. Shape: a forward range of task objects. Errors, of the
/// first call: std::logic_error for a task that was joined or moved from. Suspends: no; each step
/// of the generator does, cancel-safe. Cost: a parked fiber for each task that has not ended.
template <class Range>
requires detail::range_of_tasks<Range>
auto as_completed(Range&& tasks, spawn_site where = spawn_site::current()) {
  using result = detail::task_result<Range>;
  constexpr bool borrowed = std::is_lvalue_reference_v<Range> || std::ranges::borrowed_range<Range>;
  return generator<detail::joined_element<result>>(
      [held = std::tuple<Range>(std::forward<Range>(tasks)), where](auto& yield) mutable {
        std::vector<task<result>*> all;
        for (task<result>& each : std::get<0>(held)) all.push_back(&each);
        std::optional<detail::cancels_rest<result>> at_end;
        if constexpr (!borrowed) at_end.emplace(all);
        detail::yield_as_completed(all, yield, where);
      },
      where);
}

}  // namespace heddle
