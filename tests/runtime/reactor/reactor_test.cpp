// SPDX-License-Identifier: MIT
// A loop's epoll set by itself: sleeping, being woken, the tick of the sentinel, and limits of
// descriptors.
#include "reactor/reactor.hpp"

#include <heddle/runtime/owned_fd.hpp>

#include "reactor/registration.hpp"
#include "reactor/tick_timer.hpp"
#include "runtime/support/kernel_calls.hpp"
#include "runtime/support/process_counts.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace heddle::detail {
namespace {

using namespace std::chrono_literals;

TEST(reactor, a_poll_that_may_not_sleep_returns_at_once) {
  const tick_timer tick;
  reactor loop(tick);
  resumption_list ready;
  const clock::time_point begin = clock::now();
  const reactor::harvest found = loop.poll(clock::time_point::min(), ready);
  EXPECT_EQ(found.events, 0U);
  EXPECT_FALSE(found.woken);
  EXPECT_FALSE(found.tick);
  EXPECT_TRUE(ready.empty());
  EXPECT_LT(clock::now() - begin, 5s);
}

TEST(reactor, a_sleep_lasts_until_its_limit_and_not_less) {
  const tick_timer tick;
  reactor loop(tick);
  resumption_list ready;
  for (const auto span : {1ns, 10'000ns, 1'500'000ns, 5'000'000ns}) {
    const clock::time_point limit = clock::now() + span;
    loop.poll(limit, ready);
    EXPECT_GE(clock::now(), limit);
  }
}

TEST(reactor, a_wake_up_before_the_sleep_ends_it_too) {
  const tick_timer tick;
  reactor loop(tick);
  resumption_list ready;
  loop.wake_up();
  loop.wake_up();
  EXPECT_TRUE(loop.poll(deadline::never(), ready).woken);
  EXPECT_FALSE(loop.poll(clock::time_point::min(), ready).woken) << "one edge, one return";
  std::thread waker([&] { loop.wake_up(); });
  EXPECT_TRUE(loop.poll(deadline::never(), ready).woken);
  waker.join();
}

TEST(reactor, many_wake_ups_from_many_threads_lose_none) {
  const tick_timer tick;
  reactor loop(tick);
  resumption_list ready;
  std::atomic<int> asked{0};
  int answered = 0;
  std::thread waker([&] {
    for (int n = 1; n <= 20'000; ++n) {
      asked = n;
      loop.wake_up();
    }
  });
  while (answered < 20'000) {
    loop.poll(deadline::never(), ready);
    answered = asked;
  }
  waker.join();
}

TEST(tick_timer, one_expiry_wakes_one_of_the_loops_and_arming_again_while_armed_costs_nothing) {
  tick_timer tick;
  reactor first(tick);
  reactor second(tick);
  resumption_list ready;
  tick.arm(1ms);
  tick.arm(1ms);
  EXPECT_TRUE(first.poll(clock::now() + 10s, ready).tick);
  tick.received();
  tick.arm(1ms);
  EXPECT_TRUE(second.poll(clock::now() + 10s, ready).tick);
}

TEST(tick_timer, an_expiry_that_nobody_received_is_made_up_for) {
  tick_timer tick;
  {
    reactor gone(tick);
    resumption_list ready;
    tick.arm(1ms);
    EXPECT_TRUE(gone.poll(clock::now() + 10s, ready).tick);
    // received() is not called: as if the loop had been told something else first.
  }
  reactor next(tick);
  resumption_list ready;
  const clock::time_point limit = clock::now() + 10s;
  bool ticked = false;
  while (!ticked && clock::now() < limit) {
    tick.arm(1ms);
    ticked = next.poll(clock::now() + 5ms, ready).tick;
  }
  EXPECT_TRUE(ticked);
}

TEST(reactor, gives_its_descriptors_back) {
  const std::size_t before = test::process_counts::now().descriptors;
  {
    const tick_timer tick;
    const reactor loop(tick);
    EXPECT_EQ(test::process_counts::now().descriptors, before + 3);
  }
  EXPECT_EQ(test::process_counts::now().descriptors, before);
}

TEST(reactor, an_event_harvested_before_its_descriptor_left_is_not_for_the_next_in_its_slot) {
  if (!test::watched_calls::possible()) GTEST_SKIP() << "the library's calls are not to be seen";
  const tick_timer tick;
  reactor loop(tick);
  const owned_fd ready_at_once(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));  // to be written
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
  const owned_fd silent(ends[0]);
  const owned_fd other_end(ends[1]);
  registration leaves(ready_at_once.get());
  registration comes(silent.get());
  ASSERT_FALSE(loop.add(leaves));
  test::kernel_calls calls;
  calls.after_poll = [&] {
    loop.remove(leaves);
    EXPECT_FALSE(loop.add(comes));
  };
  resumption_list ready;
  reactor::harvest found;
  {
    const test::watched_calls watched(calls);
    found = loop.poll(clock::time_point::min(), ready);
  }
  EXPECT_EQ(found.events, 0U);
  EXPECT_EQ(comes.look(readiness::direction::write).edge, 0U);
  loop.remove(comes);
}

}  // namespace
}  // namespace heddle::detail
