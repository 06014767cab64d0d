// SPDX-License-Identifier: MIT
// Channels and select lose nothing and double nothing, whatever ends the waits: each value that was
// made is received once, or left in the channel, or kept by its sender.
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/select.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::random_numbers;
using test::with_loops;
using value = std::unique_ptr<std::uint32_t>;

/// Where each value has ended.
class ledger {
 public:
  explicit ledger(std::size_t size) : seen_(size) {}
  std::uint32_t next() noexcept { return made_.fetch_add(1); }
  void enter(const value& one) noexcept {
    if (one != nullptr) ++seen_[*one];
  }
  void audit() const {
    ASSERT_LE(made_, seen_.size());
    for (std::uint32_t n = 0; n < made_; ++n) ASSERT_EQ(seen_[n], 1) << "value " << n;
  }

 private:
  std::vector<std::atomic<int>> seen_;
  std::atomic<std::uint32_t> made_{0};
};

struct market {
  explicit market(std::size_t values) : books(values) {}
  channel<value> hand{0};
  channel<value> buffer{3};
  ledger books;
};

/// Sends one value in a way chosen at random; what was not sent goes into the books.
void send_one(market& all, random_numbers& random) {
  auto mine = std::make_unique<std::uint32_t>(all.books.next());
  const auto soon = std::chrono::microseconds(random.below(50));
  try {
    switch (random.below(5)) {
      case 0:
        all.hand.send_for(mine, soon);
        break;
      case 1:
        all.buffer.send_for(mine, soon);
        break;
      case 2:
        all.buffer.try_send(mine);
        break;
      case 3:
        all.hand.send_until(mine, deadline::after(10ms));
        break;
      default:
        select(on_send(all.hand, mine, [] {}), on_send(all.buffer, mine, [] {}),
               on_timeout(soon, [] {}));
    }
  } catch (const channel_closed&) {
  } catch (const cancelled&) {
    all.books.enter(mine);
    throw;
  }
  all.books.enter(mine);
}

void receive_one(market& all, random_numbers& random) {
  const auto soon = std::chrono::microseconds(random.below(50));
  const auto enter = [&](std::optional<value> got) {
    if (got.has_value()) all.books.enter(*got);
  };
  switch (random.below(4)) {
    case 0:
      enter(all.hand.receive_for(soon));
      break;
    case 1:
      enter(all.buffer.receive_for(soon));
      break;
    case 2:
      enter(all.buffer.try_receive());
      break;
    default:
      select(on_receive(all.hand, enter), on_receive(all.buffer, enter), on_timeout(soon, [] {}));
  }
}

/// Sends and receives `turns` times, each turn in a scope that another may cancel at any moment.
void trade(market& all, std::uint64_t stream, int turns, std::atomic<cancel_scope*>* open) {
  random_numbers random(stream);
  for (int n = 0; n < turns; ++n) {
    const auto turn = [&] { random.once_in(2) ? send_one(all, random) : receive_one(all, random); };
    if (open == nullptr) {
      turn();
      continue;
    }
    cancel_scope scope;
    open->store(&scope);
    scope.run(turn);
    // Whoever took it out is about to cancel it, and puts it back.
    for (cancel_scope* mine = &scope; !open->compare_exchange_weak(mine, nullptr); mine = &scope) {
      this_fiber::yield();
    }
  }
}

void cancel_now_and_then(std::vector<std::atomic<cancel_scope*>>& open, std::atomic<bool>& stop) {
  random_numbers random(99);
  while (!stop) {
    auto& place = open[random.below(static_cast<std::uint32_t>(open.size()))];
    if (cancel_scope* const one = place.exchange(nullptr)) {
      one->cancel();
      place.store(one);
    }
    test::spin(random.below(5'000));
    std::this_thread::yield();
  }
}

TEST(channel_conservation, of_values_under_cancels_time_outs_and_closes_from_everywhere) {
  const int turns = test::rounds(2'000);
  constexpr std::size_t fibers = 8;
  constexpr std::size_t threads = 2;
  market all(static_cast<std::size_t>(turns) * (2 * fibers + threads));
  std::vector<std::atomic<cancel_scope*>> open(2 * fibers);
  std::atomic<bool> stop{false};
  std::thread canceller([&] { cancel_now_and_then(open, stop); });
  {
    runtime first(with_loops(1));
    runtime second(with_loops(2));
    std::vector<task<void>> traders;
    for (std::size_t n = 0; n < 2 * fibers; ++n) {
      runtime& home = n < fibers ? first : second;
      traders.push_back(home.spawn([&, n] { trade(all, n, turns, &open[n]); }));
    }
    std::vector<std::thread> others;
    for (std::size_t n = 0; n < threads; ++n) {
      others.emplace_back([&, n] { trade(all, 100 + n, turns, nullptr); });
    }
    traders[0].join();
    all.hand.close();
    for (std::size_t n = 1; n < traders.size(); ++n) traders[n].join();
    for (auto& each : others) each.join();
  }
  stop = true;
  canceller.join();
  all.buffer.close();
  while (auto left = all.buffer.receive()) all.books.enter(*left);
  all.books.audit();
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
  run(with_loops(1), [] {
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
