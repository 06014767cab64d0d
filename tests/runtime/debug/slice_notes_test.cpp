// SPDX-License-Identifier: MIT
// When a slice is worth a report, by looks at given times.
#include "debug/slice_notes.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace heddle::detail {
namespace {

using namespace std::chrono_literals;

class slice_notes_by_looks : public testing::Test {
 protected:
  /// Looks, 10 ms after the look before unless it says otherwise.
  bool look(std::uint64_t slice, bool runs = true, std::chrono::milliseconds after = 10ms) {
    now_ += after;
    return notes.take({slice, runs, now_});
  }

  slice_notes notes{{.slow = 20ms, .interval = 10ms}};

 private:
  clock::time_point now_{1h};
};

TEST_F(slice_notes_by_looks, a_slice_is_reported_at_the_limit_and_at_ten_times_that) {
  EXPECT_FALSE(look(7));
  for (int n = 1; n <= 100; ++n) EXPECT_EQ(look(7), n == 2 || n == 20) << n;
}

TEST_F(slice_notes_by_looks, short_slices_are_not_reported_however_many) {
  for (std::uint64_t n = 0; n < 100; ++n) {
    EXPECT_FALSE(look(n));
    EXPECT_FALSE(look(n));
  }
}

TEST_F(slice_notes_by_looks, what_has_ended_is_not_reported) {
  look(7);
  look(7);
  for (int n = 0; n < 100; ++n) EXPECT_FALSE(look(7, false));
}

TEST_F(slice_notes_by_looks, every_slow_slice_is_reported) {
  for (std::uint64_t n = 0; n < 10; ++n) {
    EXPECT_FALSE(look(n));
    EXPECT_FALSE(look(n));
    EXPECT_TRUE(look(n));
  }
}

TEST_F(slice_notes_by_looks, time_in_which_nobody_could_look_does_not_count) {
  look(7);
  EXPECT_FALSE(look(7, true, 10'000ms));
  EXPECT_TRUE(look(7));
}

}  // namespace
}  // namespace heddle::detail
