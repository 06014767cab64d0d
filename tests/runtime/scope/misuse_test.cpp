// SPDX-License-Identifier: MIT
// Misuse of tasks, groups, scopes and of what needs a fiber: the exact exception, and that its text
// names what was misused. Not here: the other primitives, each in its own test.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/made_range.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::message_of;
using test::with_loops;
using testing::AllOf;
using testing::HasSubstr;

TEST(misuse, a_task_joined_twice_or_moved_from_or_detached) {
  run(with_loops(1), [] {
    auto joined = spawn([] { return 1; });
    joined.join();
    EXPECT_THAT(message_of<std::logic_error>([&] { joined.join(); }),
                AllOf(HasSubstr("task::join"), HasSubstr("joined")));
    auto from = spawn([] { return 2; });
    auto to = std::move(from);
    // NOLINTNEXTLINE(bugprone-use-after-move): that is the misuse
    EXPECT_THAT(message_of<std::logic_error>([&] { from.join(); }), HasSubstr("task::join"));
    EXPECT_THAT(message_of<std::logic_error>([&] { from.cancel(); }), HasSubstr("task::cancel"));
    to.detach();
    EXPECT_THAT(message_of<std::logic_error>([&] { to.detach(); }), HasSubstr("task::detach"));
  });
}

TEST(misuse, a_task_whose_join_has_thrown_is_joined_too) {
  run(with_loops(1), [] {
    auto fails = spawn([] { throw std::runtime_error("x"); });
    EXPECT_THROW(fails.join(), std::runtime_error);
    EXPECT_FALSE(fails.joinable());
    EXPECT_THAT(message_of<std::logic_error>([&] { fails.join(); }), HasSubstr("task::join"));
  });
}

TEST(misuse, a_result_taken_before_the_join_or_twice_or_from_a_moved_subtask) {
  run(with_loops(1), [] {
    task_group group;
    auto child = group.spawn([] { return (this_fiber::yield(), 1); });
    EXPECT_THAT(message_of<std::logic_error>([&] { child.get(); }),
                AllOf(HasSubstr("subtask::get"), HasSubstr("not ended")));
    group.join();
    auto moved = std::move(child);
    EXPECT_THAT(message_of<std::logic_error>([&] { child.get(); }),  // NOLINT
                AllOf(HasSubstr("subtask::get"), HasSubstr("moved from")));
    EXPECT_FALSE(child.done());
    EXPECT_FALSE(child.has_value());
    EXPECT_FALSE(child.was_cancelled());
    EXPECT_EQ(moved.get(), 1);
    EXPECT_THAT(message_of<std::logic_error>([&] { moved.get(); }), HasSubstr("taken"));
    subtask<int> empty;
    EXPECT_THAT(message_of<std::logic_error>([&] { empty.get(); }), HasSubstr("subtask::get"));
  });
}

TEST(misuse, a_group_joined_twice_or_spawned_into_or_run_after_its_join) {
  run(with_loops(1), [] {
    task_group group;
    group.join();
    EXPECT_THAT(message_of<std::logic_error>([&] { group.join(); }),
                AllOf(HasSubstr("task_group::join"), HasSubstr("joined already")));
    EXPECT_THAT(message_of<std::logic_error>([&] { group.spawn([] {}); }),
                AllOf(HasSubstr("task_group::spawn"), HasSubstr("has been joined")));
    bool ran = false;
    EXPECT_THAT(message_of<std::logic_error>([&] { group.run([&] { ran = true; }); }),
                AllOf(HasSubstr("task_group::run"), HasSubstr("joined already")));
    EXPECT_FALSE(ran) << "it is refused before the body";
  });
}

TEST(misuse, a_group_whose_join_has_thrown_is_joined_too) {
  run(with_loops(1), [] {
    task_group group;
    group.spawn([] { throw std::runtime_error("x"); });
    EXPECT_THROW(group.join(), std::runtime_error);
    EXPECT_THAT(message_of<std::logic_error>([&] { group.join(); }), HasSubstr("joined already"));
    EXPECT_EQ(group.failures().size(), 1U);
  });
}

TEST(misuse, a_group_run_inside_its_own_run) {
  run(with_loops(1), [] {
    task_group group;
    bool ran = false;
    group.run([&] {
      EXPECT_THAT(message_of<std::logic_error>([&] { group.run([&] { ran = true; }); }),
                  AllOf(HasSubstr("task_group::run"), HasSubstr("runs already")));
      group.spawn([] { this_fiber::yield(); });  // nothing has happened to it
      this_fiber::yield();
    });
    EXPECT_FALSE(ran);
  });
}

TEST(misuse, a_group_joined_or_run_by_its_own_child) {
  run(with_loops(1), [] {
    task_group group;
    auto child = group.spawn([&] {
      EXPECT_THAT(message_of<std::logic_error>([&] { group.join(); }),
                  AllOf(HasSubstr("task_group::join"), HasSubstr("wait for itself")));
      EXPECT_THAT(message_of<std::logic_error>([&] { group.run([] {}); }),
                  AllOf(HasSubstr("task_group::run"), HasSubstr("wait for itself")));
      task_group own;  // of its own it may
      own.spawn([] {});
      own.join();
    });
    test::let_all_run();
    ASSERT_TRUE(child.done());
    group.join();
    child.get();
  });
}

TEST(misuse, a_group_ended_by_its_own_child_stops_the_process_with_a_message) {
  const test::child_end end = test::in_child([] {
    run(with_loops(1), [] {
      auto group = std::make_unique<task_group>();
      group->spawn([&group] { group.reset(); });
      test::let_all_run();
    });
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGABRT));
  EXPECT_THAT(end.output, AllOf(HasSubstr("~task_group"), HasSubstr("its own end")));
}

TEST(misuse, a_scope_run_inside_itself) {
  run(with_loops(1), [] {
    cancel_scope scope;
    EXPECT_TRUE(scope.run([&] {
      EXPECT_THAT(message_of<std::logic_error>([&] { scope.run([] {}); }),
                  AllOf(HasSubstr("cancel_scope::run"), HasSubstr("being run already")));
      this_fiber::yield();
    }));
  });
}

TEST(misuse, on_a_plain_thread_what_needs_a_fiber_says_so_and_calls_nothing) {
  int calls = 0;
  const auto body = [&] { ++calls; };
  cancel_scope scope;
  task_group group;
  const auto refused = [&](const char* what, const std::function<void()>& call) {
    EXPECT_THAT(message_of<std::logic_error>(call),
                AllOf(HasSubstr(what), HasSubstr("outside a fiber")));
  };
  refused("cancel_scope", [&] { scope.run(body); });
  refused("time-out", [&] { with_timeout(1s, body); });
  refused("time-out", [&] { with_deadline(deadline::never(), body); });
  refused("time-out", [&] { move_on_after(1s, body); });
  refused("spawn", [&] { spawn(body).join(); });
  refused("task_group::spawn", [&] { group.spawn(body); });
  refused("task_group::run", [&] { group.run(body); });
  refused("gather", [&] { gather(body, body); });
  refused("gather", [&] { gather_settled(body); });
  refused("race", [&] { race(body, body); });
  refused("any", [&] { any(body); });
  refused("map", [&] { map(test::numbers_below(3), 2, [&](int) { ++calls; }); });
  refused("runtime::current", [] { runtime::current(); });
  EXPECT_THAT(message_of<std::logic_error>([] { this_fiber::yield(); }),
              HasSubstr("this_fiber::yield"));
  EXPECT_THAT(message_of<std::logic_error>([] { this_fiber::checkpoint(); }),
              HasSubstr("checkpoint"));
  EXPECT_THAT(message_of<std::logic_error>([] { (void)this_fiber::id(); }),
              HasSubstr("this_fiber::id"));
  EXPECT_THAT(message_of<std::logic_error>([] { (void)this_fiber::name(); }),
              HasSubstr("this_fiber::name"));
  group.join();
  EXPECT_EQ(calls, 0);
}

TEST(misuse, run_inside_a_fiber) {
  runtime home(with_loops(1));
  home.run([&] {
    int calls = 0;
    EXPECT_THAT(message_of<std::logic_error>([&] { run([&] { ++calls; }); }),
                AllOf(HasSubstr("heddle::run"), HasSubstr("inside a fiber")));
    EXPECT_THAT(message_of<std::logic_error>([&] { home.run([&] { ++calls; }); }),
                AllOf(HasSubstr("runtime::run"), HasSubstr("inside a fiber")));
    EXPECT_EQ(calls, 0);
  });
}

TEST(misuse, a_race_of_nobody_and_a_map_without_room) {
  run(with_loops(1), [] {
    const std::vector<std::function<int()>> nobody;
    EXPECT_THAT(message_of<std::invalid_argument>([&] { race(nobody); }), HasSubstr("race"));
    EXPECT_THAT(message_of<std::invalid_argument>([&] { any(nobody); }), HasSubstr("any"));
    EXPECT_THAT(
        message_of<std::invalid_argument>([] { map(test::numbers_below(2), 0, [](int) {}); }),
        AllOf(HasSubstr("map"), HasSubstr("limit")));
  });
}

}  // namespace
}  // namespace heddle
