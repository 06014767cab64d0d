// SPDX-License-Identifier: MIT
// How messages name a fiber.
#include "base/fiber_label.hpp"

#include <gtest/gtest.h>

using heddle::fiber_id;
using heddle::detail::fiber_label;

TEST(fiber_label, has_the_id_the_name_and_the_place) {
  EXPECT_EQ(fiber_label(fiber_id{3}, "accept", {"a.cpp", 9}),
            "fiber #3 \"accept\", spawned at a.cpp:9");
}

TEST(fiber_label, leaves_out_a_name_that_is_not_there) {
  EXPECT_EQ(fiber_label(fiber_id{3}, "", {}), "fiber #3, spawned at an unknown place");
}

TEST(fiber_label, is_one_line_whatever_the_name) {
  EXPECT_EQ(fiber_label(fiber_id{3}, "a\nb", {"a.cpp", 9}), "fiber #3 \"a b\", spawned at a.cpp:9");
}
