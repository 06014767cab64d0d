// SPDX-License-Identifier: MIT
// watch: whoever looks sees the latest value, and nobody sleeps over the last change.
#include <heddle/runtime.hpp>
#include <heddle/sync/watch.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/support/crowd.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(watch, shows_the_latest_value) {
  watch<std::string> setting("a");
  auto viewer = setting.subscribe();
  EXPECT_EQ(setting.get(), "a");
  EXPECT_EQ(viewer.get(), "a");
  EXPECT_FALSE(viewer.has_changed());
  EXPECT_EQ(viewer.try_next(), std::nullopt) << "the first value counts as seen";
  setting.set("b");
  setting.set("c");
  EXPECT_TRUE(viewer.has_changed());
  EXPECT_EQ(viewer.next(), "c") << "not b, which nobody can see any more";
  EXPECT_EQ(viewer.next_for(1ms), std::nullopt);
  EXPECT_EQ(viewer.next_until(clock::now()), std::nullopt);
  setting.set("c");
  EXPECT_EQ(viewer.try_next(), "c") << "set again is a change";
  setting.set("d");
  EXPECT_EQ(viewer.get(), "d");
  EXPECT_FALSE(viewer.has_changed()) << "get() has seen it";
}

TEST(watch, a_copy_of_a_receiver_goes_its_own_way) {
  watch<int> setting(0);
  auto first = setting.subscribe();
  setting.set(1);
  auto second = first;
  EXPECT_EQ(first.next(), 1);
  EXPECT_FALSE(first.has_changed());
  EXPECT_EQ(second.next(), 1);
  auto third = std::move(second);
  // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
  EXPECT_THROW(second.get(), std::logic_error);
  EXPECT_FALSE(third.has_changed());
}

TEST(watch, the_end_comes_after_the_last_value) {
  std::optional<watch<int>::receiver> outlives;
  {
    watch<int> setting(0);
    outlives.emplace(setting.subscribe());
    setting.set(1);
    setting.close();
    EXPECT_THROW(setting.set(2), watch_closed);
    EXPECT_EQ(setting.get(), 1);
  }
  EXPECT_TRUE(outlives->is_closed());
  EXPECT_EQ(outlives->next(), 1);
  EXPECT_EQ(outlives->next(), std::nullopt);
  EXPECT_EQ(outlives->get(), 1);
}

TEST(watch, a_cancelled_wait_sees_nothing) {
  run(with_any_loops(), [] {
    watch<int> setting(0);
    auto viewer = setting.subscribe();
    auto body = spawn([&] { viewer.next(); });
    let_all_run();
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    setting.set(1);
    EXPECT_EQ(viewer.next(), 1);
  });
}

TEST(watch, frees_a_value_that_was_replaced) {
  const auto value = std::make_shared<int>(1);
  watch<std::shared_ptr<int>> setting(value);
  setting.set(value);
  EXPECT_EQ(value.use_count(), 2);
  setting.set(nullptr);
  EXPECT_EQ(value.use_count(), 1);
}

TEST(watch, says_in_a_dump_what_is_waited_for) {
  runtime home(with_loops(1));
  watch<int> setting(0);
  auto viewer = setting.subscribe();
  auto body = home.spawn([&] { viewer.next(); });
  EXPECT_TRUE(test::eventually([&] {
    std::ostringstream text;
    home.dump(text);
    return text.str().find("a change of watch") != std::string::npos;
  }));
  setting.close();
  body.join();
}

TEST(watch, nobody_misses_the_last_value_and_values_only_go_forward) {
  constexpr int last = test::rounds(20'000);
  watch<int> setting(0);
  const auto view = [last = last](watch<int>::receiver viewer) {
    int seen = 0;
    while (const auto value = viewer.next()) {
      EXPECT_GT(*value, seen);
      seen = *value;
    }
    EXPECT_EQ(seen, last);
  };
  test::crowd viewers;
  for (int n = 0; n < 2; ++n) {
    viewers.add_fiber([&view, viewer = setting.subscribe()] { view(viewer); });
    viewers.add_fiber([&view, viewer = setting.subscribe()] { view(viewer); });
    viewers.add_thread([&view, viewer = setting.subscribe()] { view(viewer); });
  }
  viewers.meet([&] {
    for (int value = 1; value <= last; ++value) {
      setting.set(value);
      if (this_fiber::exists()) this_fiber::yield();
    }
    setting.close();
  });
}

TEST(watch, every_change_that_is_answered_wakes_the_other_side) {
  constexpr int rounds = test::rounds(5'000);
  watch<int> question(0);
  watch<int> answer(0);
  test::crowd both;
  both.add_thread([&, questions = question.subscribe()]() mutable {
    while (const auto value = questions.next()) answer.set(*value);
  });
  both.add_fiber([&, answers = answer.subscribe()]() mutable {
    for (int round = 1; round <= rounds; ++round) {
      question.set(round);
      EXPECT_EQ(answers.next_for(20s), round);
    }
    question.close();
  });
  both.meet();
}

}  // namespace
}  // namespace heddle::sync
