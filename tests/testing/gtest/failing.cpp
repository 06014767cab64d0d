// SPDX-License-Identifier: MIT
// Tests that fail, hang or are skipped, each in one way: test_run_test.cpp and launcher_test.cpp
// run them one by one in a process of their own and look at what is printed.
#include <heddle/gtest.hpp>
#include <heddle/runtime.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include <fcntl.h>

namespace {

using namespace std::chrono_literals;

void say(const char* what) {
  std::puts(what);
  std::fflush(stdout);
}

HEDDLE_TEST(leaves, a_fiber) {
  heddle::spawn({.name = "straggler"}, [] { heddle::this_fiber::sleep_for(1h); }).detach();
}

HEDDLE_TEST(leaves, a_fiber_that_cannot_be_ended) {
  heddle::spawn({.name = "rock"}, [] {
    heddle::shield([] { heddle::this_fiber::sleep_for(1h); });
  }).detach();
}

HEDDLE_TEST(leaves, a_fiber_that_is_about_to_end) {
  heddle::spawn([] { heddle::this_fiber::sleep_for(1ms); }).detach();
}

HEDDLE_TEST(leaves, a_descriptor) { ASSERT_GE(::open("/dev/null", O_RDONLY | O_CLOEXEC), 0); }

HEDDLE_TEST(leaves, an_error) {
  heddle::spawn({.name = "thrower"}, [] {
    throw std::runtime_error("nobody hears this");
  }).detach();
}

HEDDLE_TEST(leaves, nothing) {
  heddle::spawn([] { heddle::this_fiber::sleep_for(1ms); }).join();
}

HEDDLE_TEST(hangs, in_a_wait) { heddle::this_fiber::sleep_for(1h); }

HEDDLE_TEST(hangs, in_a_shielded_wait) {
  heddle::shield([] { heddle::this_fiber::sleep_for(1h); });
}

HEDDLE_TEST(hangs, in_a_loop) {
  for (volatile bool always = true; always;) continue;
}

class with_server : public ::testing::Test {
  void SetUp() override {
    server_ = heddle::spawn({.name = "server"}, [] { heddle::this_fiber::sleep_for(1h); });
  }
  void TearDown() override {
    server_->cancel();
    EXPECT_THROW(server_->join(), heddle::task_cancelled);
    heddle::this_fiber::sleep_for(1ms);  // it may wait, though the test was cancelled
    say("torn down");
  }

 protected:
  std::optional<heddle::task<void>> server_;
};

HEDDLE_TEST_F(with_server, hangs) { server_->join(); }

HEDDLE_TEST_F(with_server, throws) {
  say("begun");
  throw std::runtime_error("out of the body");
}

HEDDLE_TEST_F(with_server, throws_what_is_no_exception) { throw 7; }

HEDDLE_TEST_F(with_server, asserts) {
  ASSERT_EQ(1 + 1, 3);
  say("went on");
}

HEDDLE_TEST_F(with_server, is_skipped) {
  if (heddle::this_fiber::exists()) GTEST_SKIP() << "not today";
  say("went on");
}

class bad_set_up : public ::testing::Test {
 protected:
  void SetUp() override { throw std::runtime_error("out of SetUp"); }
  void TearDown() override { say("torn down"); }
};

HEDDLE_TEST_F(bad_set_up, is_not_run) { say("begun"); }

class skipped_set_up : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_SKIP() << "no server here"; }
};

HEDDLE_TEST_F(skipped_set_up, is_not_run) { say("begun"); }

class bad_constructor : public ::testing::Test {
 protected:
  bad_constructor() { fail(); }
  void SetUp() override { say("set up"); }

 private:
  static void fail() { GTEST_FAIL() << "in the constructor"; }
};

HEDDLE_TEST_F(bad_constructor, is_not_run) { say("begun"); }

HEDDLE_TEST(fails, in_another_fiber_on_another_loop) {
  heddle::spawn({.loop = 1}, [] { EXPECT_EQ(1 + 1, 3) << "in another fiber"; }).join();
}

HEDDLE_TEST(fails, with_a_trace) {
  SCOPED_TRACE("the outer trace");
  heddle::this_fiber::sleep_for(1ms);
  ADD_FAILURE() << "traced";
}

HEDDLE_TEST(fails, a_death_test_that_lives) {
  EXPECT_DEATH(heddle::this_fiber::yield(), "");
  say("went on");
}

HEDDLE_TEST(fails, by_a_cancellation_that_nobody_asked_for) { throw heddle::cancelled(); }

class broken_numbers : public ::testing::TestWithParam<int> {};

HEDDLE_TEST_P(broken_numbers, are_small) { EXPECT_LT(GetParam(), 8); }

INSTANTIATE_TEST_SUITE_P(some, broken_numbers, ::testing::Values(7, 9));

TEST(plain, says_the_style_of_death_tests) {
  std::printf("style %s\n", GTEST_FLAG_GET(death_test_style).c_str());
}

TEST(explored, finds_what_fails) {
  heddle::testing::expect_explored([] {
    int turns = 0;
    auto other = heddle::spawn([&turns] { turns += 1; });
    heddle::this_fiber::yield();
    EXPECT_EQ(turns, 0) << "the other was first";
    other.join();
  });
}

}  // namespace
