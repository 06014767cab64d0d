// SPDX-License-Identifier: MIT
// The code of docs/guides/testing.md that is about GoogleTest.
#include <heddle/gtest.hpp>
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;

HEDDLE_TEST(channel, hands_over_what_was_sent) {
  heddle::sync::channel<int> ch(1);
  auto sender = heddle::spawn([&ch] { ch.send(7); });
  EXPECT_EQ(ch.receive(), 7);
  sender.join();
}

// Answers each question in turn, until there are no more.
class echo_service : public ::testing::Test {
 protected:
  static void configure_runtime(heddle::config& settings) { settings.loops = 4; }

  void SetUp() override {
    server_ = heddle::spawn({.name = "server"}, [this] {
      for (const std::string& question : questions_) answers_.send(question + "!");
    });
  }
  void TearDown() override {
    questions_.close();
    server_.join();
  }

  heddle::sync::channel<std::string> questions_{1};
  heddle::sync::channel<std::string> answers_{1};
  heddle::task<void> server_;
};

HEDDLE_TEST_F(echo_service, answers) {
  questions_.send("hello");
  ASSERT_EQ(heddle::with_timeout(1s, [this] { return answers_.receive(); }), "hello!");
}

class channels : public ::testing::TestWithParam<std::size_t> {};

HEDDLE_TEST_P(channels, keep_the_order) {
  heddle::sync::channel<int> ch(GetParam());
  auto sender = heddle::spawn([&ch] {
    for (int i = 0; i < 10; ++i) ch.send(i);
    ch.close();
  });
  int next = 0;
  for (const int value : ch) EXPECT_EQ(value, next++);
  EXPECT_EQ(next, 10);
  sender.join();
}

INSTANTIATE_TEST_SUITE_P(capacities, channels, ::testing::Values(0, 1, 5));

template <class T>
class queues : public ::testing::Test {};
TYPED_TEST_SUITE(queues, ::testing::Types<heddle::sync::queue<int>>);

TYPED_TEST(queues, give_back_what_was_put) {
  heddle::testing::run_as_test([] {
    TypeParam numbers(1);
    numbers.put(7);
    EXPECT_EQ(numbers.get(), 7);
  });
}

TEST(counter, is_right_under_every_schedule) {
  heddle::testing::expect_explored([] {
    heddle::sync::mutex lock;
    int counter = 0;
    const auto count = [&] {
      const std::scoped_lock hold(lock);
      const int before = counter;
      heddle::this_fiber::yield();
      counter = before + 1;
    };
    heddle::gather(count, count);
    EXPECT_EQ(counter, 2);
  });
}

TEST(permit, is_given_back_wherever_it_is_cancelled) {
  std::optional<heddle::sync::semaphore> one;
  heddle::testing::sweep_options options;
  options.before = [&one] { one.emplace(1); };
  options.accounts = {{"permits", [&one] { return one->available(); }}};
  heddle::testing::expect_swept(
      [&one] {
        const heddle::sync::permit mine(*one);
        heddle::this_fiber::sleep_for(1s);
      },
      options);
}

}  // namespace
