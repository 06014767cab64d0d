// SPDX-License-Identifier: MIT
// Deadlines at the edges of what time can be: nothing overflows, never is later than all.
#include <heddle/runtime/deadline.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <ratio>

using heddle::clock;
using heddle::deadline;
using namespace std::chrono_literals;

namespace {

constexpr auto earliest = clock::time_point::min();

}  // namespace

TEST(deadline, never_is_later_than_every_time_and_does_not_pass) {
  EXPECT_TRUE(deadline().is_never());
  EXPECT_EQ(deadline(), deadline::never());
  EXPECT_FALSE(deadline::never().passed());
  EXPECT_GT(deadline::never(), deadline(clock::time_point::max() - 1ns));
  EXPECT_GT(deadline::never(), deadline(earliest));
}

TEST(deadline, a_moment_compares_and_passes_as_its_time_does) {
  const auto now = clock::now();
  EXPECT_LT(deadline(now), deadline(now + 1ns));
  EXPECT_EQ(deadline(now).when(), now);
  EXPECT_TRUE(deadline(now).passed());
  EXPECT_TRUE(deadline(earliest).passed());
  EXPECT_FALSE(deadline(now + 1h).passed());
}

TEST(deadline, after_counts_from_now) {
  const auto before = clock::now();
  const deadline in_an_hour = deadline::after(1h);
  const auto after = clock::now();
  EXPECT_GE(in_an_hour.when(), before + 1h);
  EXPECT_LE(in_an_hour.when(), after + 1h);
  EXPECT_TRUE(deadline::after(0s).passed());
  EXPECT_TRUE(deadline::after(-1h).passed());
}

TEST(deadline, a_wait_too_long_to_represent_is_never) {
  EXPECT_TRUE(deadline::after(std::chrono::nanoseconds::max()).is_never());
  EXPECT_TRUE(deadline::after(std::chrono::nanoseconds::max() - 1ns).is_never());
  EXPECT_TRUE(deadline::after(std::chrono::hours::max()).is_never());
  EXPECT_TRUE(deadline::after(std::chrono::hours(24 * 365 * 1000)).is_never());
  EXPECT_TRUE(deadline::after(std::chrono::duration<double>(1e300)).is_never());
  EXPECT_TRUE(
      deadline::after(std::chrono::duration<double>(std::numeric_limits<double>::infinity()))
          .is_never());
  using unsigned_seconds = std::chrono::duration<std::uint64_t>;
  EXPECT_TRUE(deadline::after(unsigned_seconds::max()).is_never());
}

TEST(deadline, a_wait_that_ends_just_before_the_last_moment_is_a_moment) {
  const auto room = clock::time_point::max() - clock::now();
  const deadline close = deadline::after(room - 1h);
  EXPECT_FALSE(close.is_never());
  EXPECT_FALSE(close.passed());
  EXPECT_TRUE(deadline::after(room + 1ns).is_never());
}

TEST(deadline, a_wait_too_far_in_the_past_is_the_earliest_time) {
  EXPECT_EQ(deadline::after(std::chrono::nanoseconds::min()).when(), earliest);
  EXPECT_EQ(deadline::after(std::chrono::hours::min()).when(), earliest);
  EXPECT_EQ(deadline::after(std::chrono::duration<double>(-1e300)).when(), earliest);
  EXPECT_LT(deadline::after(std::chrono::nanoseconds::min() + 1ns), deadline(clock::now()));
}

TEST(deadline, a_wait_finer_than_a_nanosecond_is_not_cut_short) {
  const auto before = clock::now();
  EXPECT_GE(deadline::after(std::chrono::duration<std::int64_t, std::pico>(1)).when(),
            before + 1ns);
  EXPECT_GE(deadline::after(std::chrono::duration<double, std::nano>(0.25)).when(), before + 1ns);
}
