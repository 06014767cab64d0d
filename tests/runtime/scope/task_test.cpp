// SPDX-License-Identifier: MIT
// task: results of every kind, errors, misuse, options, the order of children.
#include <heddle/runtime.hpp>

#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"
#include "runtime/support/thread_now.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::message_of;
using test::with_loops;
using testing::HasSubstr;

TEST(task, gives_a_value_nothing_a_reference_and_what_can_only_be_moved) {
  run(with_loops(1), [] {
    EXPECT_EQ(spawn([] { return 42; }).join(), 42);
    bool ran = false;
    spawn([&] { ran = true; }).join();
    EXPECT_TRUE(ran);
    int target = 1;
    int& there = spawn([&]() -> int& { return target; }).join();
    EXPECT_EQ(&there, &target);
    const int& constant = spawn([&]() -> const int& { return target; }).join();
    EXPECT_EQ(&constant, &target);
    int&& expiring = spawn([&]() -> int&& { return std::move(target); }).join();
    EXPECT_EQ(&expiring, &target);
    auto owned = spawn([given = std::make_unique<int>(7)]() mutable { return std::move(given); });
    EXPECT_EQ(*owned.join(), 7);
    EXPECT_EQ(spawn([] { return std::string(1000, 'x'); }).join(), std::string(1000, 'x'));
  });
}

struct throws_when_moved {
  throws_when_moved() = default;
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): throwing is what it is for
  throws_when_moved(throws_when_moved&&) { throw std::runtime_error("cannot move"); }
};

TEST(task, a_result_that_cannot_be_moved_fails_the_task) {
  run(with_loops(1), [] {
    auto bad = spawn([] { return throws_when_moved{}; });
    EXPECT_EQ(message_of<std::runtime_error>([&] { bad.join(); }), "cannot move");
  });
}

struct counted_error : std::runtime_error {
  counted_error() : std::runtime_error("counted") { ++alive; }
  counted_error(const counted_error& other) : std::runtime_error(other) { ++alive; }
  ~counted_error() override { --alive; }
  static inline std::atomic<int> alive{0};
};

TEST(task, an_error_is_rethrown_once_and_freed) {
  run(with_loops(1), [] {
    auto fails = spawn([]() -> int { throw counted_error(); });
    EXPECT_EQ(message_of<counted_error>([&] { fails.join(); }), "counted");
    EXPECT_EQ(counted_error::alive, 0);
    EXPECT_THAT(message_of<std::logic_error>([&] { fails.join(); }), HasSubstr("joined"));
    EXPECT_THROW(spawn([] { throw 42; }).join(), int);
  });
}

TEST(task, misuse_of_a_handle_without_a_task_names_the_operation) {
  run(with_loops(1), [] {
    task<int> empty;
    EXPECT_FALSE(empty.joinable());
    EXPECT_THAT(message_of<std::logic_error>([&] { empty.join(); }), HasSubstr("task::join"));
    EXPECT_THAT(message_of<std::logic_error>([&] { empty.cancel(); }), HasSubstr("task::cancel"));
    EXPECT_THAT(message_of<std::logic_error>([&] { (void)empty.done(); }), HasSubstr("done"));
    EXPECT_THAT(message_of<std::logic_error>([&] { empty.detach(); }), HasSubstr("detach"));
    EXPECT_THAT(message_of<std::logic_error>([&] { (void)empty.id(); }), HasSubstr("task::id"));
    EXPECT_THAT(message_of<std::logic_error>([&] { (void)empty.name(); }), HasSubstr("name"));
    task<int> full = spawn([] { return 1; });
    task<int> moved = std::move(full);
    EXPECT_FALSE(full.joinable());  // NOLINT(bugprone-use-after-move)
    EXPECT_THAT(message_of<std::logic_error>([&] { full.join(); }), HasSubstr("moved from"));
    EXPECT_EQ(moved.join(), 1);
    EXPECT_THAT(message_of<std::logic_error>([&] { moved.join(); }), HasSubstr("joined"));
    task<int> detached = spawn([] { return 1; });
    detached.detach();
    EXPECT_THAT(message_of<std::logic_error>([&] { detached.join(); }), HasSubstr("detached"));
  });
}

TEST(task, moving_a_handle_onto_another_drops_what_was_there) {
  run(with_loops(1), [] {
    bool cancelled_one = false;
    auto first = spawn([&] {
      try {
        test::park_for_ever();
      } catch (const cancelled&) {
        cancelled_one = true;
        throw;
      }
    });
    first = spawn([] {});
    EXPECT_TRUE(cancelled_one);
    task<void>& itself = first;
    first = std::move(itself);
    EXPECT_TRUE(first.joinable());
    first.join();
  });
}

TEST(task, done_turns_true_at_the_end_and_what_the_task_wrote_is_seen_then) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(2'000); ++round) {
      int written = 0;
      auto writer = spawn([&] { written = round; });
      test::yield_until([&] { return writer.done(); });
      EXPECT_EQ(written, round);
      writer.join();
    }
  });
}

/// Tells when and where it dies.
class tracer {
 public:
  explicit tracer(std::optional<fiber_id>& died_on) : died_on_(&died_on) {}
  tracer(tracer&& other) noexcept : died_on_(std::exchange(other.died_on_, nullptr)) {}
  tracer& operator=(tracer&&) = delete;
  ~tracer() {
    if (died_on_ != nullptr) *died_on_ = this_fiber::id();
  }

 private:
  std::optional<fiber_id>* died_on_;
};

TEST(task, body_and_captures_die_on_the_fiber_before_the_joiner_goes_on) {
  run(with_loops(1), [] {
    std::optional<fiber_id> died_on;
    auto body = spawn([held = tracer(died_on)] { this_fiber::yield(); });
    const fiber_id own = body.id();
    body.join();
    EXPECT_EQ(died_on, own);

    died_on.reset();
    auto fails = spawn([held = tracer(died_on)] { throw std::runtime_error("x"); });
    const fiber_id failing = fails.id();
    test::yield_until([&] { return fails.done(); });
    EXPECT_EQ(died_on, failing);
    EXPECT_THROW(fails.join(), std::runtime_error);

    died_on.reset();
    auto never_run = spawn([held = tracer(died_on)] { test::park_for_ever(); });
    const fiber_id stopped = never_run.id();
    never_run.cancel();
    EXPECT_THROW(never_run.join(), task_cancelled);
    EXPECT_EQ(died_on, stopped);
  });
}

TEST(task, captures_may_suspend_in_their_destructors) {
  struct slow_to_die {
    explicit slow_to_die(int& to) : count(&to) {}
    slow_to_die(slow_to_die&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
    slow_to_die& operator=(slow_to_die&&) = delete;
    ~slow_to_die() {
      if (count == nullptr) return;
      auto child = spawn([] { this_fiber::yield(); });
      child.detach();
      this_fiber::sleep_for(1ms);
      ++*count;
    }
    int* count;
  };
  run(with_loops(2), [] {
    int died = 0;
    auto body = spawn([held = slow_to_die(died)] {});
    body.join();
    EXPECT_EQ(died, 1);
  });
}

TEST(task, may_outlive_its_runtime_with_its_result_or_error) {
  task<std::string> value;
  task<int> failed;
  task<void> stopped;
  task<void> unhandled;
  std::vector<std::string> reported;
  config settings = with_loops(2);
  settings.on_unhandled = [&](const unhandled_error& error) { reported.push_back(error.name); };
  run(settings, [&] {
    value = spawn([] { return std::string("value"); });
    failed = spawn([]() -> int { throw counted_error(); });
    stopped = spawn({.name = "stopped"}, [] { test::park_for_ever(); });
    unhandled = spawn({.name = "left"}, [] { throw counted_error(); });
    test::yield_until([&] { return value.done() && failed.done() && unhandled.done(); });
  });
  EXPECT_EQ(value.name(), "");
  EXPECT_EQ(value.join(), "value");
  EXPECT_THROW(failed.join(), counted_error);
  EXPECT_TRUE(stopped.done());
  stopped.cancel();
  EXPECT_THAT(message_of<task_cancelled>([&] { stopped.join(); }), HasSubstr("stopped"));
  unhandled = {};
  EXPECT_EQ(reported, std::vector<std::string>{"left"});
  EXPECT_EQ(counted_error::alive, 0);
}

TEST(task, a_plain_thread_joins_from_outside) {
  runtime home(with_loops(2));
  for (int round = 0; round < test::rounds(2'000); ++round) {
    auto quick = home.spawn([round] { return round; });
    EXPECT_EQ(quick.join(), round);
    auto slow = home.spawn([round] {
      this_fiber::yield();
      return round;
    });
    EXPECT_EQ(slow.join(), round);
  }
  EXPECT_THROW(home.spawn([] { throw counted_error(); }).join(), counted_error);
}

TEST(task, a_fiber_of_one_runtime_joins_a_task_of_another) {
  runtime other(with_loops(1));
  run(with_loops(1), [&] {
    for (int round = 0; round < test::rounds(2'000); ++round) {
      EXPECT_EQ(other.spawn([round] { return round; }).join(), round);
    }
  });
}

TEST(task, a_handle_may_be_joined_by_another_fiber_than_its_spawner) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(1'000); ++round) {
      auto child = spawn([round] { return round; });
      auto joiner = spawn([handle = std::move(child)]() mutable { return handle.join(); });
      EXPECT_EQ(joiner.join(), round);
    }
  });
}

TEST(task, children_of_one_fiber_start_in_the_order_in_which_they_were_spawned) {
  run(with_loops(1), [] {
    for (const int count : {1, 2, 3, 8, 9, 100, 1000}) {
      std::vector<int> started;
      std::vector<task<void>> children;
      for (int n = 0; n < count; ++n) {
        children.push_back(spawn([&started, n] {
          started.push_back(n);
          if (n % 3 == 0) this_fiber::yield();
        }));
      }
      // Joined from the young end: claiming must not let a child overtake its elder sisters.
      for (auto each = children.rbegin(); each != children.rend(); ++each) each->join();
      for (int n = 0; n < count; ++n) EXPECT_EQ(started[static_cast<std::size_t>(n)], n);
    }
  });
}

TEST(task, children_with_and_without_options_start_in_order_too) {
  run(with_loops(1), [] {
    std::vector<int> started;
    std::vector<task<void>> children;
    for (int n = 0; n < 30; ++n) {
      spawn_options how;
      if (n % 3 == 1) how.name = "named";
      if (n % 3 == 2) how.stack_bytes = 32 * 1024;
      children.push_back(spawn(how, [&started, n] { started.push_back(n); }));
    }
    for (auto& each : children) each.join();
    EXPECT_TRUE(std::is_sorted(started.begin(), started.end()));
  });
}

TEST(task, a_bad_option_is_refused_and_named) {
  run(with_loops(2), [] {
    const auto spawn_with = [](spawn_options how) {
      return message_of<std::invalid_argument>([&] { spawn(how, [] {}).join(); });
    };
    EXPECT_THAT(spawn_with({.loop = 2}), HasSubstr("spawn_options::loop = 2"));
    EXPECT_THAT(spawn_with({.loop = ~0U}), HasSubstr("spawn_options::loop"));
    EXPECT_THAT(spawn_with({.stack_bytes = 1}), HasSubstr("spawn_options::stack_bytes = 1 "));
    EXPECT_THAT(spawn_with({.stack_bytes = 16 * 1024 - 1}), HasSubstr("stack_bytes"));
    EXPECT_THAT(spawn_with({.stack_bytes = (std::size_t{1} << 30) + 1}), HasSubstr("stack_bytes"));
    EXPECT_EQ(spawn({.stack_bytes = 16 * 1024}, [] { return 1; }).join(), 1);
    EXPECT_EQ(spawn({.loop = 1}, [] { return 1; }).join(), 1);
  });
  runtime home(with_loops(1));
  EXPECT_THAT(message_of<std::invalid_argument>([&] { home.spawn({.loop = 1}, [] {}).join(); }),
              HasSubstr("spawn_options::loop = 1"));
  EXPECT_EQ(home.stats().live_tasks, 0U);
}

TEST(task, is_started_on_the_loop_that_was_asked_for) {
  runtime home(with_loops(3));
  std::array<long, 3> threads{};
  for (unsigned n = 0; n < 3; ++n) {
    threads[n] = home.spawn({.pinned = true, .loop = n}, [] { return test::thread_now(); }).join();
  }
  EXPECT_EQ(std::set<long>(threads.begin(), threads.end()).size(), 3U);
  const int rounds = test::rounds(300);
  int elsewhere = 0;
  home.run([&] {
    for (int round = 0; round < rounds; ++round) {
      for (unsigned n = 0; n < 3; ++n) {
        auto there = spawn({.loop = n}, [] { return test::thread_now(); });
        if (there.join() != threads[n]) ++elsewhere;
      }
    }
  });
  // A loop whose thread the system holds back for a millisecond is helped by another.
  EXPECT_LE(elsewhere, rounds / 2) << "of " << 3 * rounds;
}

TEST(task, a_pinned_fiber_never_changes_its_thread) {
  runtime home(with_loops(3));
  std::atomic<int> moved_unpinned{0};
  const auto stay = [&](bool pinned) {
    const long thread = test::thread_now();
    for (int n = 0; n < test::rounds(1'000); ++n) {
      n % 50 == 0 ? this_fiber::sleep_for(10us) : this_fiber::yield();
      if (n % 20 == 0) spawn([] { this_fiber::yield(); }).join();
      if (pinned) {
        ASSERT_EQ(test::thread_now(), thread);
      } else if (test::thread_now() != thread) {
        ++moved_unpinned;
      }
    }
  };
  std::vector<task<void>> fibers;
  for (int n = 0; n < 6; ++n) {
    fibers.push_back(home.spawn({.pinned = true}, [&] { stay(true); }));
    fibers.push_back(home.spawn([&] { stay(false); }));
  }
  for (auto& each : fibers) each.join();
  if (moved_unpinned == 0) {
    GTEST_SKIP() << "the machine was so busy that no unpinned fiber migrated either: nothing shown";
  }
}

TEST(task, spawn_outside_a_fiber_is_refused) {
  EXPECT_THAT(message_of<std::logic_error>([] { spawn([] {}).join(); }),
              HasSubstr("spawn outside a fiber"));
}

TEST(task, one_that_joins_itself_is_refused) {
  run(with_loops(1), [] {
    task<void> self;
    self = spawn([&] {
      EXPECT_THAT(message_of<std::logic_error>([&] { self.join(); }),
                  HasSubstr("a task joins itself"));
    });
    test::let_all_run();
    self.join();
  });
}

TEST(task, a_large_body_and_a_large_result_travel_whole) {
  struct large {
    std::array<int, 3000> numbers{};
  };
  run(with_loops(1), [] {
    large sent;
    for (std::size_t n = 0; n < sent.numbers.size(); ++n) sent.numbers[n] = static_cast<int>(n);
    auto echoed = spawn([sent] { return sent; });
    EXPECT_EQ(echoed.join().numbers, sent.numbers);
  });
}

}  // namespace
}  // namespace heddle
