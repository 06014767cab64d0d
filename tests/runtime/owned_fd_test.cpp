// SPDX-License-Identifier: MIT
// A descriptor has one owner, and closes once. A simulation's: testing/network_test.cpp.
#include <heddle/runtime/owned_fd.hpp>

#include <gtest/gtest.h>

#include <utility>

#include <fcntl.h>
#include <sys/eventfd.h>

namespace heddle {
namespace {

owned_fd opened() { return owned_fd(::eventfd(0, EFD_CLOEXEC)); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(owned_fd, closes_what_it_owns_at_its_end) {
  int number = -1;
  {
    const owned_fd owner = opened();
    number = owner.get();
    EXPECT_TRUE(owner);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(owned_fd, one_that_is_moved_from_owns_none) {
  owned_fd first = opened();
  const int number = first.get();
  owned_fd second = std::move(first);
  // NOLINTBEGIN(bugprone-use-after-move,clang-analyzer-cplusplus.Move): that is the case
  EXPECT_FALSE(first);
  EXPECT_EQ(first.get(), -1);
  first.reset();
  // NOLINTEND(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
  EXPECT_TRUE(is_open(number));
  EXPECT_EQ(second.get(), number);
}

TEST(owned_fd, takes_over_another_and_closes_its_own) {
  owned_fd first = opened();
  owned_fd second = opened();
  const int dropped = first.get();
  const int kept = second.get();
  first = std::move(second);
  EXPECT_FALSE(is_open(dropped));
  EXPECT_EQ(first.get(), kept);
  owned_fd& same = first;
  first = std::move(same);
  EXPECT_TRUE(is_open(kept));
  first.reset();
  EXPECT_FALSE(is_open(kept));
  EXPECT_FALSE(first);
}

TEST(owned_fd, what_it_gives_up_stays_open) {
  owned_fd first = opened();
  const int number = first.release();
  EXPECT_FALSE(first);
  first.reset();
  EXPECT_TRUE(is_open(number));
  first.reset(number);
  EXPECT_EQ(first.get(), number);
}

}  // namespace
}  // namespace heddle
