// SPDX-License-Identifier: MIT
// Channels and select lose nothing and double nothing, whatever ends the waits: each value that was
// made is received once, or left in the channel, or kept by its sender.
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/select.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/support/value_market.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace heddle::sync {
namespace {

using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(channel_conservation, of_values_under_cancels_time_outs_and_closes_from_everywhere) {
  test::value_market market(test::rounds(2'000));
  runtime first(with_loops(1));
  runtime second(with_loops(2));
  EXPECT_EQ(market.play(first, second, 0, [] {}), nullptr) << "seed " << test::seed();
  const test::value_market::counts seen = market.seen();
  EXPECT_GT(seen.received, 0U);
  EXPECT_GT(seen.timed_out, 0U);
  EXPECT_GT(seen.found_closed, 0U);
  EXPECT_GT(seen.cancelled, 0U);
}

TEST(channel_conservation, of_a_hand_over_that_races_a_cancel) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(20'000); ++round) {
      channel<int> hand(0);
      std::atomic<int> got{0};
      auto receiver = spawn([&] {
        if (hand.receive().has_value()) ++got;
      });
      if (round % 2 == 0) this_fiber::yield();
      auto canceller = spawn([&] { receiver.cancel(); });
      int mine = 1;
      const bool sent = hand.try_send(mine);
      canceller.join();
      try {
        receiver.join();
      } catch (const task_cancelled&) {
        EXPECT_EQ(got, 0);
      }
      ASSERT_EQ(got, sent ? 1 : 0) << "round " << round;
    }
  });
}

/// Throws at its n-th move.
struct fragile {
  static inline int moves_left = 0;  // < 0: never
  explicit fragile(int n) : number(n) {}
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): that it throws is what it is for
  fragile(fragile&& other) : number(other.number) {
    if (moves_left >= 0 && moves_left-- == 0) throw std::runtime_error("fragile");
    other.number = -1;
  }
  fragile& operator=(fragile&&) = delete;
  int number;
};

/// Has the next move but `moves` throw.
void throws_next(int moves = 0) { fragile::moves_left = moves; }

TEST(channel_conservation, of_values_whose_move_throws) {
  run(with_loops(1), [] {
    channel<fragile> buffer(1);
    fragile first(1);
    throws_next();
    EXPECT_THROW(buffer.try_send(first), std::runtime_error);
    EXPECT_EQ(first.number, 1);
    EXPECT_EQ(buffer.size(), 0U);
    EXPECT_TRUE(buffer.try_send(first));
    throws_next();
    EXPECT_THROW(buffer.receive(), std::runtime_error);
    EXPECT_EQ(buffer.size(), 1U) << "it stays";

    // The receiver's move of a waiting sender's value fails: that is the sender's to hear.
    fragile second(2);
    fragile third(3);
    auto fails = spawn(
        [&] { EXPECT_THROW(buffer.send_until(second, deadline::never()), std::runtime_error); });
    auto waits = spawn([&] { EXPECT_TRUE(buffer.send_until(third, deadline::never())); });
    let_all_run();
    throws_next(1);
    EXPECT_EQ(buffer.receive()->number, 1);
    fails.join();
    waits.join();
    EXPECT_EQ(second.number, 2);
    EXPECT_EQ(buffer.receive()->number, 3);

    // The sender's move into a waiting receiver fails: the receiver goes on waiting.
    auto receiver = spawn([&] { return buffer.receive()->number; });
    auto chooser = spawn([&] {
      int got = 0;
      channel<int> never(0);
      select(on_receive(never, [](auto) {}), on_receive(buffer, [&](auto n) { got = n->number; }));
      return got;
    });
    let_all_run();
    throws_next();
    EXPECT_THROW(buffer.try_send(second), std::runtime_error);
    throws_next();
    EXPECT_THROW(buffer.try_send(second), std::runtime_error);
    let_all_run();
    EXPECT_FALSE(receiver.done() || chooser.done());
    fragile fourth(4);
    EXPECT_TRUE(buffer.try_send(second));
    EXPECT_TRUE(buffer.try_send(fourth));
    EXPECT_EQ(receiver.join() + chooser.join(), 6);
    fragile::moves_left = -1;
  });
}

TEST(channel_conservation, a_sender_hears_at_once_that_its_value_failed_to_move) {
  run(with_any_loops(), [] {
    channel<fragile> hand(0);
    for (const bool selects : {false, true}) {
      fragile first(1);
      auto sender = spawn(
          [&] { EXPECT_THROW(hand.send_until(first, deadline::never()), std::runtime_error); });
      let_all_run();
      throws_next();
      auto receiver = spawn([&] {
        if (!selects) return hand.receive()->number;
        int got = 0;
        select(on_receive(hand, [&](auto&& n) { got = n->number; }));
        return got;
      });
      let_all_run();
      EXPECT_TRUE(sender.done()) << "though nobody else has sent yet";
      EXPECT_FALSE(receiver.done());
      fragile second(2);
      EXPECT_TRUE(hand.try_send(second));
      EXPECT_EQ(receiver.join(), 2);
      sender.join();
    }
    fragile::moves_left = -1;
  });
}

}  // namespace
}  // namespace heddle::sync
