// SPDX-License-Identifier: MIT
// No change is missed, and no wait outlasts its limit.
#include "proxy/notifier.hpp"

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace heddle::testing::detail {
namespace {

TEST(notifier, ends_a_wait_for_a_change_that_came_before_it) {
  test::everywhere([] {
    notifier news;
    const auto seen = news.version();
    news.changed();
    EXPECT_TRUE(news.wait(seen, deadline::after(std::chrono::seconds{20}), {}));
    EXPECT_FALSE(news.wait(news.version(), deadline::after(std::chrono::milliseconds{1}), {}));
  });
}

TEST(notifier, wakes_everyone_who_waits) {
  run(test::with_loops(1), [] {
    notifier news;
    const auto seen = news.version();
    task<bool> first = spawn([&] { return news.wait(seen, {}, {}); });
    task<bool> second = spawn([&] { return news.wait(seen, {}, {}); });
    test::let_all_run();
    EXPECT_FALSE(first.done() || second.done());
    news.changed();
    EXPECT_TRUE(first.join());
    EXPECT_TRUE(second.join());
  });
}

}  // namespace
}  // namespace heddle::testing::detail
