// SPDX-License-Identifier: MIT
// The inbox of a loop: from many threads to one, in order of arrival, nothing lost.
#include "base/mpsc_stack.hpp"

#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

TEST(mpsc_stack, gives_everything_at_once_oldest_first) {
  mpsc_stack inbox;
  EXPECT_TRUE(inbox.maybe_empty());
  EXPECT_EQ(inbox.take_all(), nullptr);
  std::vector<job> all(5, job(job::kind::task));
  for (job& each : all) inbox.push(each);
  EXPECT_FALSE(inbox.empty());
  const job* one = inbox.take_all();
  for (const job& each : all) {
    ASSERT_EQ(one, &each);
    one = one->next;
  }
  EXPECT_EQ(one, nullptr);
  EXPECT_TRUE(inbox.empty());
}

TEST(mpsc_stack, keeps_the_order_of_each_sender) {
  constexpr std::size_t count = test::rounds(std::size_t{200'000});
  mpsc_stack inbox;
  std::vector<job> first(count, job(job::kind::task));
  std::vector<job> second(count, job(job::kind::fiber));
  const auto send = [&inbox](std::vector<job>& mine) {
    for (job& each : mine) inbox.push(each);
  };
  std::thread one([&] { send(first); });
  std::thread other([&] { send(second); });
  std::size_t of_first = 0;
  std::size_t of_second = 0;
  while (of_first + of_second < 2 * count) {
    for (const job* each = inbox.take_all(); each != nullptr; each = each->next) {
      if (each->what == job::kind::task) {
        ASSERT_EQ(each, &first[of_first++]);
      } else {
        ASSERT_EQ(each, &second[of_second++]);
      }
    }
  }
  one.join();
  other.join();
  EXPECT_TRUE(inbox.empty());
}

}  // namespace
}  // namespace heddle::detail
