// SPDX-License-Identifier: MIT
// From a failure to the command that shows it again: HEDDLE_SEED, what is refused in it, and what
// is said if it does not lead back to the failure.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>
#include <heddle/testing/explore.hpp>

#include "replay.hpp"
#include "runtime/support/loops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

using heddle::testing::exploration;
using heddle::testing::explore;
using heddle::testing::explore_options;
using heddle::testing::failure;

/// HEDDLE_SEED as it was, afterwards.
class seed_variable {
 public:
  explicit seed_variable(const std::string& text) {
    if (const char* const now = std::getenv("HEDDLE_SEED")) before_ = now;
    ::setenv("HEDDLE_SEED", text.c_str(), 1);
  }
  ~seed_variable() {
    before_ ? ::setenv("HEDDLE_SEED", before_->c_str(), 1) : ::unsetenv("HEDDLE_SEED");
  }
  seed_variable(const seed_variable&) = delete;
  seed_variable& operator=(const seed_variable&) = delete;

 private:
  std::optional<std::string> before_;
};

/// Fails in those schedules in which the second child is first.
void race() {
  int first = 0;
  heddle::task_group both;
  for (const int n : {1, 2}) {
    both.spawn([&first, n] {
      if (first == 0) first = n;
    });
  }
  both.join();
  if (first == 2) throw std::runtime_error("the other was first");
}

std::optional<failure> found_in_race() { return explore(race); }

/// Returns what explore(program) prints while HEDDLE_SEED is `text`.
std::string printed_with(const std::string& text, const std::function<void()>& program) {
  const seed_variable here(text);
  ::testing::internal::CaptureStderr();
  explore(program);
  return ::testing::internal::GetCapturedStderr();
}

TEST(replay, a_schedule_and_a_seed_both_fail_again) {
  const auto found = found_in_race();
  ASSERT_TRUE(found);
  for (const std::string& text : {found->schedule, std::to_string(found->seed)}) {
    const seed_variable here(text);
    heddle::testing::explore_progress progress;
    explore_options options;
    options.progress = &progress;
    const auto again = explore(race, options);
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(again->what, "the other was first");
    EXPECT_EQ(progress.runs, 1U);
  }
}

TEST(replay, says_that_one_run_did_not_fail) {
  EXPECT_EQ(printed_with("1/", [] {}),
            "heddle::testing::explore: HEDDLE_SEED=1/: one run, no failure\n");
}

TEST(replay, says_how_many_choices_did_not_come_up) {
  const std::string text = printed_with("2/5:1,500:7", [] {});
  EXPECT_NE(text.find("2 of its 2 choices did not come up"), std::string::npos) << text;
}

TEST(replay, refuses_what_is_no_seed_and_names_it) {
  for (const char* const text :
       {"x", "12x", "-1", "2/5", "2/5:", "0/", "65/", "2/5:1,", "2/3:0x"}) {
    const seed_variable here(text);
    try {
      explore([] {});
      ADD_FAILURE() << text;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos)
          << text << ": " << error.what();
    }
  }
}

TEST(replay, an_exhaustive_exploration_takes_schedules_and_no_seeds) {
  const seed_variable here("7");
  explore_options options;
  options.mode = exploration::exhaustive;
  EXPECT_THROW(explore([] {}, options), std::invalid_argument);
}

TEST(replay, the_command_is_quoted_for_a_shell) {
  using heddle::testing::detail::quoted;
  EXPECT_EQ(quoted("build/tests"), "build/tests");
  EXPECT_EQ(quoted("--gtest_filter=a.*"), "'--gtest_filter=a.*'");
  EXPECT_EQ(quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(quoted(""), "''");
  const std::string command =
      heddle::testing::detail::command_that_replays("2/5:1", "--gtest_filter=a.b");
  EXPECT_THAT(command, ::testing::MatchesRegex("HEDDLE_SEED=2/5:1 .*heddle_testing_tests'? "
                                               "--gtest_filter=a.b"));
}

TEST(replay, what_does_not_fail_again_is_told_so) {
  int runs = 0;
  explore_options options;
  options.shrink_runs = 0;
  const auto found = explore(
      [&runs] {
        if (++runs == 5) throw std::runtime_error("the fifth");
      },
      options);
  ASSERT_TRUE(found);
  EXPECT_NE(found->what.find("does not fail again"), std::string::npos) << found->what;
}

TEST(replay, what_fails_again_is_not) {
  const auto found = found_in_race();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->what, "the other was first");
  EXPECT_FALSE(found->by_predicate);
}

TEST(replay, explore_is_refused_in_a_fiber) {
  heddle::run(heddle::test::with_loops(1), [] {
    try {
      explore([] {});
      ADD_FAILURE();
    } catch (const std::logic_error& error) {
      EXPECT_NE(std::string(error.what()).find("TEST, not HEDDLE_TEST"), std::string::npos);
    }
  });
}

}  // namespace
