// SPDX-License-Identifier: MIT
// Dropped and detached tasks: cancelled, waited for, and their errors reported once.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;
using testing::HasSubstr;

/// The reports of a runtime.
class reports {
 public:
  config settings(unsigned loops) {
    config made = with_loops(loops);
    made.on_unhandled = [this](const unhandled_error& error) {
      const std::lock_guard guard(lock_);
      all_.push_back(error);
    };
    return made;
  }
  std::vector<unhandled_error> all() {
    const std::lock_guard guard(lock_);
    return all_;
  }

 private:
  std::mutex lock_;
  std::vector<unhandled_error> all_;
};

TEST(task_drop, cancels_and_waits) {
  run(with_loops(2), [] {
    bool ended = false;
    {
      auto body = spawn([&] {
        try {
          test::park_for_ever();
        } catch (const cancelled&) {
          this_fiber::id();
          ended = true;
          throw;
        }
      });
      this_fiber::yield();
    }
    EXPECT_TRUE(ended);
  });
}

TEST(task_drop, a_task_that_has_not_started_still_runs_to_its_first_suspension) {
  run(with_loops(1), [] {
    int reached = 0;
    {
      auto body = spawn([&] {
        ++reached;
        this_fiber::yield();
        ++reached;
      });
    }
    EXPECT_EQ(reached, 1);
  });
}

TEST(task_drop, on_a_plain_thread_too) {
  runtime home(with_loops(1));
  std::atomic<bool> ended{false};
  {
    auto body = home.spawn([&] {
      try {
        test::park_for_ever();
      } catch (...) {
        ended = true;
        throw;
      }
    });
  }
  EXPECT_TRUE(ended);
}

TEST(task_drop, is_shielded_when_the_dropper_is_cancelled_itself) {
  run(with_loops(1), [] {
    test::gate finish;
    bool child_ended = false;
    auto parent = spawn([&] {
      auto child = spawn([&] {
        finish.wait(cancellation::shield);
        child_ended = true;
      });
      test::park_for_ever();
    });
    test::let_all_run();
    parent.cancel();
    test::let_all_run();
    EXPECT_FALSE(parent.done());
    finish.open();
    EXPECT_THROW(parent.join(), task_cancelled);
    EXPECT_TRUE(child_ended);
  });
}

TEST(task_drop, an_error_of_a_dropped_task_is_reported_once_with_name_and_site) {
  reports seen;
  unsigned line = 0;
  fiber_id id{};
  run(seen.settings(1), [&] {
    auto body = spawn({.name = "loser"}, [] { throw std::runtime_error("lost"); });
    line = __LINE__ - 1;
    id = body.id();
  });
  ASSERT_EQ(seen.all().size(), 1U);
  const unhandled_error error = seen.all().front();
  EXPECT_EQ(error.id, id);
  EXPECT_EQ(error.name, "loser");
  EXPECT_EQ(error.spawned_at.line, line);
  EXPECT_STREQ(error.spawned_at.file, __FILE__);
  EXPECT_THAT(error.describe(), HasSubstr("lost"));
  EXPECT_THROW(std::rethrow_exception(error.error), std::runtime_error);
}

TEST(task_drop, a_joined_error_is_not_reported) {
  reports seen;
  run(seen.settings(1), [] {
    auto body = spawn([] { throw std::runtime_error("met"); });
    EXPECT_THROW(body.join(), std::runtime_error);
  });
  EXPECT_TRUE(seen.all().empty());
}

TEST(task_drop, a_cancelled_task_is_no_error) {
  reports seen;
  run(seen.settings(2), [] {
    {
      auto dropped = spawn([] { test::park_for_ever(); });
    }
    spawn([] { test::park_for_ever(); }).detach();
  });
  EXPECT_TRUE(seen.all().empty());
}

TEST(task_drop, an_error_of_a_detached_task_is_reported_before_shutdown_returns) {
  for (int round = 0; round < 20; ++round) {
    reports seen;
    config settings = seen.settings(2);
    settings.on_unhandled = [report = settings.on_unhandled](const unhandled_error& error) {
      test::spin(2'000'000);  // a slow hook: whoever does not wait for it is found out
      report(error);
    };
    runtime home(settings);
    home.spawn({.name = "gone"}, [] { throw std::runtime_error("quietly"); }).detach();
    EXPECT_TRUE(home.shutdown(10s));
    ASSERT_EQ(seen.all().size(), 1U) << "round " << round;
    EXPECT_EQ(seen.all().front().name, "gone");
    EXPECT_EQ(home.stats().unhandled_errors, 1U);
  }
}

TEST(task_drop, detaching_a_task_that_has_failed_already_reports_it_too) {
  reports seen;
  run(seen.settings(1), [&] {
    auto body = spawn([] { throw std::runtime_error("early"); });
    test::yield_until([&] { return body.done(); });
    EXPECT_TRUE(seen.all().empty());
    body.detach();
    EXPECT_EQ(seen.all().size(), 1U);
  });
  EXPECT_EQ(seen.all().size(), 1U);
}

TEST(task_drop, detaching_races_with_the_end_and_every_error_is_reported_once) {
  reports seen;
  constexpr std::size_t rounds = test::rounds(5'000);
  run(seen.settings(2), [] {
    for (std::size_t round = 0; round < rounds; ++round) {
      auto body = spawn([] { throw std::runtime_error("raced"); });
      if (round % 2 == 0) this_fiber::yield();
      body.detach();
    }
  });
  EXPECT_EQ(seen.all().size(), rounds);
}

TEST(task_drop, detaching_races_with_the_end_and_the_runtime_waits_for_the_report) {
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  config settings = test::with_loops(1);
  settings.on_unhandled = [&](const unhandled_error&) {
    ++begun;
    this_fiber::sleep_for(1ms);
    ++ended;
  };
  for (int round = 0; round < test::rounds(1'000); ++round) {
    {
      std::atomic<bool> runs{false};
      std::atomic<bool> go{false};
      runtime home(settings);
      auto body = home.spawn([&] {
        runs = true;
        while (!go) {
        }
        throw std::runtime_error("raced");
      });
      test::wait_until([&] { return runs.load(); });
      go = true;
      test::spin(static_cast<std::uint32_t>(round) * 31 % 20'000);
      body.detach();
    }
    ASSERT_EQ(begun, round + 1);
    ASSERT_EQ(ended, round + 1);
  }
}

TEST(task_drop, its_name_may_be_read_while_it_fails) {
  reports seen;
  runtime home(seen.settings(1));
  for (int round = 0; round < test::rounds(2'000); ++round) {
    auto body = home.spawn([] { throw std::runtime_error("nameless"); });
    while (!body.done()) EXPECT_EQ(body.name(), "");
    EXPECT_THROW(body.join(), std::runtime_error);
  }
}

TEST(task_drop, a_detached_task_is_cancelled_and_waited_for_by_the_runtime) {
  std::atomic<int> ended{0};
  run(with_loops(2), [&] {
    for (int n = 0; n < 50; ++n) {
      spawn([&] {
        struct counts {
          ~counts() { ++to; }
          std::atomic<int>& to;
        } const at_end{ended};
        test::park_for_ever();
      }).detach();
    }
  });
  EXPECT_EQ(ended, 50);
}

TEST(task_drop, without_a_hook_the_error_goes_to_stderr_and_the_process_goes_on) {
  const test::child_end end = test::in_child([] {
    run(with_loops(1), [] {
      spawn({.name = "culprit"}, [] { throw std::runtime_error("spilled"); }).detach();
      test::let_all_run();
    });
    return true;
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
  EXPECT_THAT(end.output, HasSubstr("unhandled error"));
  EXPECT_THAT(end.output, HasSubstr("\"culprit\""));
  EXPECT_THAT(end.output, HasSubstr("task_drop_test.cpp"));
  EXPECT_THAT(end.output, HasSubstr("spilled"));
}

TEST(task_drop, a_hook_may_itself_use_the_runtime) {
  std::atomic<int> spawned_by_hook{0};
  config settings = with_loops(1);
  settings.on_unhandled = [&](const unhandled_error&) {
    this_fiber::yield();
    spawn([&] { ++spawned_by_hook; }).detach();
  };
  run(settings, [&] {
    spawn([] { throw std::runtime_error("x"); }).detach();
    test::yield_until([&] { return spawned_by_hook == 1; });
  });
  EXPECT_EQ(spawned_by_hook, 1);
}

TEST(task_drop, a_hook_does_not_meet_the_cancellation_of_the_task_it_is_told_of) {
  bool met = false;
  bool went_through = false;
  config settings = with_loops(1);
  settings.on_unhandled = [&](const unhandled_error&) {
    try {
      this_fiber::yield();
      this_fiber::sleep_for(1ms);
      went_through = true;
    } catch (const cancelled&) {
      met = true;
    }
  };
  run(settings, [] {
    auto body = spawn([] {
      try {
        test::park_for_ever();
      } catch (const cancelled&) {
        throw std::runtime_error("instead");
      }
    });
    test::let_all_run();
    body.cancel();
    body.detach();
  });
  EXPECT_FALSE(met);
  EXPECT_TRUE(went_through);
}

TEST(task_drop, by_the_task_itself_stops_the_process_with_a_message) {
  const test::child_end end = test::in_child([] {
    run(with_loops(1), [] {
      auto own = std::make_shared<task<void>>();
      *own = spawn([own] { this_fiber::yield(); });
      own.reset();
      test::let_all_run();
    });
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGABRT));
  EXPECT_THAT(end.output, HasSubstr("a task owns the handle to itself"));
}

}  // namespace
}  // namespace heddle
