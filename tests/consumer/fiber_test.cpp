// SPDX-License-Identifier: MIT
// A test whose body is a fiber, with GoogleTest's own main().
#include <heddle/gtest.hpp>
#include <heddle/runtime.hpp>

#include <gtest/gtest.h>

namespace {

HEDDLE_TEST(consumer, has_fibers) {
  EXPECT_EQ(heddle::spawn([] { return 42; }).join(), 42);
}

TEST(consumer, explores) {
  heddle::testing::expect_explored([] { EXPECT_TRUE(heddle::this_fiber::exists()); });
}

}  // namespace
