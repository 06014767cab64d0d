// SPDX-License-Identifier: MIT
// What nobody has asked for, an error without a joiner or a result without a taker: the hook that
// is told, and the destructor, may wait, however cancelled the fiber is on which that happens.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <utility>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::park_for_ever;
using test::with_loops;

/// A result whose end waits, and counts itself.
class slow_to_end {
 public:
  explicit slow_to_end(std::atomic<int>& ended) : ended_(&ended) {}
  slow_to_end(slow_to_end&& other) noexcept : ended_(std::exchange(other.ended_, nullptr)) {}
  slow_to_end& operator=(slow_to_end&&) = delete;
  ~slow_to_end() {
    if (ended_ == nullptr) return;
    this_fiber::yield();
    this_fiber::checkpoint();
    ++*ended_;
  }

 private:
  std::atomic<int>* ended_;
};

void wait_until_cancelled() {
  try {
    park_for_ever();
  } catch (const cancelled&) {
  }
}

void fail() { throw std::runtime_error("nobody wants to know"); }

/// Runs `body` in a scope that is cancelled once `fail` has failed in it. Returns how many errors a
/// hook that waits was told of.
template <class Body>
int reported_by_a_hook_that_waits(unsigned loops, Body body) {
  config settings = with_loops(loops);
  std::atomic<int> reported{0};
  settings.on_unhandled = [&reported](const unhandled_error&) {
    this_fiber::yield();
    this_fiber::sleep_for(10us);
    ++reported;
  };
  run(settings, [&body] {
    cancel_scope scope;
    scope.run([&] { body(scope); });
  });
  return reported;
}

TEST(unhandled, a_hook_may_wait_for_a_task_that_is_dropped_in_a_cancelled_scope) {
  for (const unsigned loops : {1U, 2U}) {
    EXPECT_EQ(reported_by_a_hook_that_waits(loops,
                                            [](cancel_scope& scope) {
                                              auto dropped = spawn(fail);
                                              dropped.wait();
                                              scope.cancel();
                                            }),
              1);
  }
}

TEST(unhandled, a_hook_may_wait_for_a_task_that_is_detached_in_a_cancelled_scope) {
  for (const unsigned loops : {1U, 2U}) {
    EXPECT_EQ(reported_by_a_hook_that_waits(loops,
                                            [](cancel_scope& scope) {
                                              auto detached = spawn(fail);
                                              detached.wait();
                                              scope.cancel();
                                              detached.detach();
                                            }),
              1);
  }
}

TEST(unhandled, a_hook_may_wait_for_a_group_that_ends_in_a_cancelled_scope) {
  for (const unsigned loops : {1U, 2U}) {
    EXPECT_EQ(reported_by_a_hook_that_waits(loops,
                                            [](cancel_scope& scope) {
                                              task_group group;
                                              group.spawn(fail);
                                              group.spawn(fail);
                                              test::yield_until(
                                                  [&] { return group.failures().size() == 2; });
                                              scope.cancel();
                                            }),
              2);
  }
}

TEST(unhandled, a_hook_may_wait_on_the_fiber_of_a_detached_task_that_was_cancelled) {
  for (const unsigned loops : {1U, 2U}) {
    EXPECT_EQ(reported_by_a_hook_that_waits(loops,
                                            [](cancel_scope&) {
                                              auto detached = spawn([] {
                                                wait_until_cancelled();
                                                fail();
                                              });
                                              this_fiber::yield();
                                              detached.cancel();
                                              detached.detach();
                                            }),
              1);
  }
}

TEST(unhandled, a_time_out_in_the_hook_comes) {
  config settings = with_loops(1);
  std::optional<bool> in_time;
  settings.on_unhandled = [&in_time](const unhandled_error&) {
    in_time = move_on_after(1ms, [] { this_fiber::sleep_for(5s); });
  };
  run(settings, [] {
    spawn(fail).detach();
    this_fiber::yield();
  });
  EXPECT_EQ(in_time, false);
}

TEST(unwanted_result, of_a_cancelled_child_may_wait_in_its_destructor) {
  for (const unsigned loops : {1U, 2U}) {
    std::atomic<int> ended{0};
    run(with_loops(loops), [&ended] {
      task_group group;
      group.spawn([&ended] {
        wait_until_cancelled();
        return slow_to_end(ended);
      });
      this_fiber::yield();
      group.cancel();
      group.join();
      EXPECT_EQ(ended, 1);
    });
  }
}

TEST(unwanted_result, of_a_child_that_never_waited_leaves_nobody_in_the_group) {
  run(with_loops(1), [] {
    std::atomic<int> ended{0};
    task_group group;
    group.spawn([&ended] { return slow_to_end(ended); });
    test::yield_until([&ended] { return ended == 1; });
    test::gate open;
    // It takes over the child's stack.
    auto innocent = spawn([&open] {
      open.wait();
      return 3;
    });
    this_fiber::yield();
    group.cancel();
    open.open();
    EXPECT_EQ(innocent.join(), 3);
    group.join();
  });
}

TEST(unwanted_result, of_a_subtask_that_is_dropped_in_a_cancelled_scope_may_wait) {
  std::atomic<int> ended{0};
  run(with_loops(1), [&ended] {
    task_group group;
    cancel_scope scope;
    scope.run([&] {
      auto child = group.spawn([&ended] { return slow_to_end(ended); });
      test::yield_until([&child] { return child.done(); });
      scope.cancel();
    });
    group.join();
  });
  EXPECT_EQ(ended, 1);
}

TEST(unwanted_result, of_a_task_that_is_dropped_in_a_cancelled_scope_may_wait) {
  for (const unsigned loops : {1U, 2U}) {
    std::atomic<int> ended{0};
    run(with_loops(loops), [&ended] {
      cancel_scope scope;
      scope.run([&] {
        auto dropped = spawn([&ended] { return slow_to_end(ended); });
        auto detached = spawn([&ended] { return slow_to_end(ended); });
        dropped.wait();
        detached.wait();
        scope.cancel();
        detached.detach();
      });
    });
    EXPECT_EQ(ended, 2);
  }
}

/// Opens a group at its end, which is a fiber_local's.
struct works_at_its_end {
  static inline int ended = 0;
  works_at_its_end() = default;
  works_at_its_end(const works_at_its_end&) = delete;
  works_at_its_end& operator=(const works_at_its_end&) = delete;
  ~works_at_its_end() {
    task_group group;
    group.spawn([] { this_fiber::yield(); });
    group.join();
    EXPECT_FALSE(this_fiber::name().empty());
    ++ended;
  }
};

TEST(unwanted_result, of_a_child_may_make_variables_that_work_at_their_end) {
  static fiber_local<works_at_its_end> local;
  struct large {
    large() = default;
    large(large&& other) noexcept : mine(std::exchange(other.mine, false)) {}
    large& operator=(large&&) = delete;
    ~large() {
      if (mine) local.get();
    }
    std::array<char, 256> room{};
    bool mine = true;
  };
  works_at_its_end::ended = 0;
  run(with_loops(1), [] {
    task_group group;
    {
      const auto unwanted = group.spawn({.name = "its maker"}, [] {
        this_fiber::yield();
        return large();
      });
    }
    group.join();
  });
  EXPECT_EQ(works_at_its_end::ended, 1);
}

TEST(unwanted_result, of_a_loser_may_wait_in_its_destructor) {
  for (const unsigned loops : {1U, 2U}) {
    std::atomic<int> ended{0};
    run(with_loops(loops), [&ended] {
      const auto first = race(
          [&ended] {
            wait_until_cancelled();
            return slow_to_end(ended);
          },
          [] { this_fiber::yield(); });
      EXPECT_EQ(first.index(), 1U);
      EXPECT_EQ(ended, 1);
    });
  }
}

}  // namespace
}  // namespace heddle
