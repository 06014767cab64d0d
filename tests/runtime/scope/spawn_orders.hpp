// SPDX-License-Identifier: MIT
// Ways to spawn and join children, and an account of which of them has started where, for tests of
// their order.
#pragma once

#include <heddle/runtime.hpp>

#include "base/cpu_relax.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <vector>

namespace heddle::test {

/// Calls `body`, in a fiber; returns whether no loop of its runtime was relieved of stolen tasks
/// meanwhile because it held them for a millisecond, as it does when its thread has no core: those
/// need not start in spawn order.
template <class Body>
bool runs_undisturbed(Body body) {
  const auto taken_over = [] {
    detail::scheduler& home = detail::worker::current()->owner();
    std::uint64_t sum = 0;
    for (std::size_t n = 0; n < home.loops(); ++n)
      sum += home.loop(n).counters().taken_over.value();
    return sum;
  };
  const std::uint64_t before = taken_over();
  body();
  return taken_over() == before;
}

/// Which child has started where, in order.
class diary {
 public:
  explicit diary(int children) : starts_(static_cast<std::size_t>(children)) {}

  void child_starts(int number) {
    const int at = next_.fetch_add(1, std::memory_order_relaxed);
    starts_.at(static_cast<std::size_t>(at)) = {number, detail::worker::current()->index()};
    for (int n = 0; n < 20; ++n) detail::cpu_relax();  // others need time to come
    if (detail::worker::current()->in_turns) this_fiber::checkpoint();
  }

  /// Fails if a child has started after a younger one, on the same loop, or has not started.
  void expect_spawn_order() const {
    ASSERT_EQ(next_, static_cast<int>(starts_.size()));
    std::map<unsigned, int> latest_on;
    for (const start& each : starts_) {
      const auto [latest, first] = latest_on.try_emplace(each.loop, each.number);
      ASSERT_TRUE(first || latest->second < each.number)
          << "child " << each.number << " after " << latest->second << " on loop " << each.loop;
      latest->second = each.number;
    }
  }

 private:
  struct start {
    int number;
    unsigned loop;
  };

  std::vector<start> starts_;
  std::atomic<int> next_{0};
};

inline constexpr int window = 16;

inline void in_a_row(int children, diary& all) {
  std::vector<task<void>> started;
  for (int n = 0; n < children; ++n) started.push_back(spawn([&all, n] { all.child_starts(n); }));
  for (task<void>& each : started) each.join();
}

inline void youngest_joined_first(int children, diary& all) {
  std::vector<task<void>> started;
  for (int n = 0; n < children; ++n) started.push_back(spawn([&all, n] { all.child_starts(n); }));
  for (auto each = started.rbegin(); each != started.rend(); ++each) each->join();
}

inline void kept_by_a_group(int children, diary& all) {
  task_group group;
  for (int n = 0; n < children; ++n) group.spawn([&all, n] { all.child_starts(n); });
  group.join();
}

inline void with_yields_between(int children, diary& all) {
  std::vector<task<void>> started;
  for (int n = 0; n < children; ++n) {
    started.push_back(spawn([&all, n] { all.child_starts(n); }));
    if (n % 8 == 7) this_fiber::yield();
  }
  for (task<void>& each : started) each.join();
}

inline void in_a_window(int children, diary& all) {
  std::vector<task<void>> started;
  for (int n = 0; n < children; ++n) {
    started.push_back(spawn([&all, n] { all.child_starts(n); }));
    if (n >= window) started[static_cast<std::size_t>(n - window)].join();
  }
  for (task<void>& each : started) {
    if (each.joinable()) each.join();
  }
}

inline void into_groups_that_yield(int children, diary& all) {
  for (int first = 0; first < children; first += window) {
    task_group group;
    for (int n = first; n < std::min(first + window, children); ++n) {
      group.spawn([&all, n] {
        all.child_starts(n);
        if (n % 4 == 0) this_fiber::yield();
      });
      if (n % 5 == 4) this_fiber::yield();
    }
    group.join();
  }
}

inline void into_a_group_and_beside_it(int children, diary& all) {
  task_group group;
  std::vector<task<void>> beside;
  for (int n = 0; n < children; ++n) {
    const auto body = [&all, n] { all.child_starts(n); };
    if (n % 7 < 5) {
      group.spawn(body);
    } else {
      beside.push_back(spawn(body));
    }
    if (n % window == 0 && !beside.empty() && beside.back().joinable()) beside.back().join();
  }
  group.join();
  for (task<void>& each : beside) {
    if (each.joinable()) each.join();
  }
}

struct way {
  const char* name;
  void (*spawn_all)(int children, diary& all);
  friend void PrintTo(const way& one,  // NOLINT(readability-identifier-naming): GoogleTest's
                      std::ostream* out) {
    *out << one.name;
  }
};

inline constexpr std::array ways_to_spawn{
    way{"in_a_row", in_a_row},
    way{"youngest_joined_first", youngest_joined_first},
    way{"kept_by_a_group", kept_by_a_group},
    way{"with_yields_between", with_yields_between},
    way{"in_a_window", in_a_window},
    way{"into_groups_that_yield", into_groups_that_yield},
    way{"into_a_group_and_beside_it", into_a_group_and_beside_it},
};

}  // namespace heddle::test
