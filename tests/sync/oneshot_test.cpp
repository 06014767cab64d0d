// SPDX-License-Identifier: MIT
// sync::oneshot: what is set once is taken once, and each end hears that the other has gone.
#include <heddle/runtime.hpp>
#include <heddle/sync/oneshot.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(oneshot, gives_the_value_that_was_set_before) {
  auto [promise, future] = oneshot<std::unique_ptr<int>>();
  EXPECT_FALSE(future.ready());
  EXPECT_TRUE(promise.wanted());
  EXPECT_TRUE(promise.set_value(std::make_unique<int>(3)));
  EXPECT_TRUE(future.ready());
  EXPECT_EQ(*future.get(), 3);
}

TEST(oneshot, wakes_a_fiber_and_a_thread_that_wait) {
  runtime home(with_loops(2));
  for (int round = 0; round < test::rounds(2'000); ++round) {
    auto [promise, future] = oneshot<int>();
    auto waiter = home.spawn([mine = std::move(future)]() mutable { return mine.get(); });
    promise.set_value(round);
    EXPECT_EQ(waiter.join(), round);

    oneshot<int> other;
    auto setter = home.spawn([mine = std::move(other.promise)]() mutable { mine.set_value(7); });
    EXPECT_EQ(other.future.get(), 7);
    setter.join();
  }
}

TEST(oneshot, of_void_says_only_that_it_happened) {
  auto [promise, future] = oneshot<void>();
  EXPECT_EQ(future.get_for(0s), std::nullopt);
  promise.set_value();
  EXPECT_TRUE(future.get_for(0s).has_value());
}

TEST(oneshot, throws_the_error_that_was_set) {
  auto [promise, future] = oneshot<int>();
  EXPECT_THROW(promise.set_error(nullptr), std::invalid_argument);
  EXPECT_TRUE(promise.set_error(std::make_exception_ptr(std::runtime_error("mine"))));
  EXPECT_THROW(future.get(), std::runtime_error);
}

TEST(oneshot, a_promise_that_goes_without_setting_breaks_it) {
  run(with_any_loops(), [] {
    oneshot<int> one;
    auto waiter = spawn(
        [mine = std::move(one.future)]() mutable { EXPECT_THROW(mine.get(), broken_promise); });
    let_all_run();
    { const auto gone = std::move(one.promise); }
    waiter.join();
  });
}

TEST(oneshot, a_setter_hears_that_nobody_will_take_it) {
  auto [promise, future] = oneshot<std::shared_ptr<int>>();
  { const auto gone = std::move(future); }
  EXPECT_FALSE(promise.wanted());
  const auto value = std::make_shared<int>(1);
  EXPECT_FALSE(promise.set_value(value));
  { const auto gone = std::move(promise); }
  EXPECT_EQ(value.use_count(), 1);
}

TEST(oneshot, can_still_be_taken_after_a_time_out_or_a_cancellation) {
  run(with_any_loops(), [] {
    auto [promise, future] = oneshot<int>();
    const auto limit = clock::now() + 2ms;
    EXPECT_EQ(future.get_until(limit), std::nullopt);
    EXPECT_GE(clock::now(), limit);
    auto& still = future;
    auto waiter = spawn([&still] { still.get(); });
    let_all_run();
    waiter.cancel();
    EXPECT_THROW(waiter.join(), task_cancelled);
    promise.set_value(5);
    EXPECT_EQ(future.get_for(0s), 5);
  });
}

TEST(oneshot, refuses_to_be_set_or_taken_twice) {
  auto [promise, future] = oneshot<int>();
  promise.set_value(1);
  EXPECT_THROW(promise.set_value(2), std::logic_error);
  EXPECT_THROW(promise.set_error(std::make_exception_ptr(1)), std::logic_error);
  EXPECT_EQ(future.get(), 1);
  EXPECT_THROW(future.get(), std::logic_error);
  auto other = std::move(promise);
  EXPECT_THROW(promise.set_value(3), std::logic_error);  // NOLINT(bugprone-use-after-move)
}

/// Throws when it is moved, if it is broken.
struct fragile {
  explicit fragile(bool breaks) : broken(breaks) {}
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): that it throws is what it is for
  fragile(fragile&& other) : broken(other.broken) {
    if (broken) throw std::runtime_error("fragile");
  }
  fragile& operator=(fragile&&) = delete;
  bool broken;
};

TEST(oneshot, a_value_that_fails_to_move_is_not_set_and_another_can_be) {
  run(with_any_loops(), [] {
    oneshot<fragile> one;
    auto waiter = spawn([&] { return one.future.get().broken; });
    let_all_run();
    EXPECT_THROW(one.promise.set_value(fragile(true)), std::runtime_error);
    EXPECT_FALSE(one.future.ready());
    let_all_run();
    EXPECT_FALSE(waiter.done());
    EXPECT_TRUE(one.promise.set_value(fragile(false)));
    EXPECT_FALSE(waiter.join());
  });
}

TEST(oneshot, frees_its_state_whoever_goes_last) {
  const int rounds = test::rounds(10'000);
  const auto counted = std::make_shared<int>(0);
  runtime home(with_loops(2));
  for (int n = 0; n < rounds; ++n) {
    oneshot<std::shared_ptr<int>> one;
    auto setter =
        home.spawn([mine = std::move(one.promise), counted]() mutable { mine.set_value(counted); });
    if (n % 2 == 0) one.future.get();
    { const auto gone = std::move(one.future); }
    setter.join();
  }
  EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace heddle::sync
