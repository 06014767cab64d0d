// SPDX-License-Identifier: MIT
// sync::channel: what is sent is received once and in order, by whoever came first, from fibers and
// threads alike. Not here: losing nothing under random ends of waits (channel_conservation_test).
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/turns.hpp"
#include "sync/support/crowd.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::everywhere;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

static_assert(!std::is_copy_constructible_v<channel<int>>);
static_assert(!std::is_move_constructible_v<channel<int>>);
static_assert(std::is_base_of_v<std::runtime_error, channel_closed>);

TEST(channel, gives_back_what_was_put_into_its_buffer_in_order) {
  everywhere([] {
    channel<int> numbers(3);
    EXPECT_EQ(numbers.capacity(), 3U);
    for (int round = 0; round < 5; ++round) {
      for (int n = 0; n < 3; ++n) numbers.send(10 * round + n);
      EXPECT_EQ(numbers.size(), 3U);
      for (int n = 0; n < 3; ++n) EXPECT_EQ(numbers.receive(), 10 * round + n);
      EXPECT_EQ(numbers.size(), 0U);
    }
  });
}

TEST(channel, a_full_one_makes_the_sender_wait_and_keeps_the_order) {
  run(with_any_loops(), [] {
    channel<int> numbers(2);
    int sent = 0;
    auto sender = spawn([&] {
      for (int n = 0; n < 6; ++n) {
        numbers.send(n);
        ++sent;
      }
    });
    let_all_run();
    EXPECT_EQ(sent, 2);
    for (int n = 0; n < 6; ++n) EXPECT_EQ(numbers.receive(), n);
    sender.join();
    EXPECT_EQ(sent, 6);
  });
}

TEST(channel, without_a_buffer_a_send_waits_for_a_receive) {
  run(with_any_loops(), [] {
    channel<int> hand(0);
    EXPECT_EQ(hand.capacity(), 0U);
    bool sent = false;
    auto sender = spawn([&] {
      hand.send(7);
      sent = true;
    });
    let_all_run();
    EXPECT_FALSE(sent);
    EXPECT_EQ(hand.receive(), 7);
    let_all_run();
    EXPECT_TRUE(sent);
    sender.join();
  });
}

TEST(channel, hands_a_value_to_the_receiver_that_waits) {
  for (const std::size_t capacity : {0U, 4U}) {
    run(with_any_loops(), [capacity] {
      channel<int> numbers(capacity);
      auto receiver = spawn([&] { return numbers.receive(); });
      let_all_run();
      numbers.send(8);
      EXPECT_EQ(numbers.size(), 0U) << "the value must go to the hand, not to the buffer";
      EXPECT_EQ(receiver.join(), 8);
    });
  }
}

TEST(channel, serves_receivers_in_the_order_in_which_they_came) {
  for (const std::size_t capacity : {0U, 2U}) {
    run(with_loops(1), [capacity] {
      channel<int> numbers(capacity);
      std::vector<task<std::optional<int>>> receivers;
      for (int n = 0; n < 20; ++n) receivers.push_back(spawn([&] { return numbers.receive(); }));
      let_all_run();
      for (int n = 0; n < 20; ++n) numbers.send(n);
      for (int n = 0; n < 20; ++n) EXPECT_EQ(receivers[static_cast<std::size_t>(n)].join(), n);
    });
  }
}

TEST(channel, serves_senders_in_the_order_in_which_they_came) {
  for (const std::size_t capacity : {0U, 2U}) {
    run(with_loops(1), [capacity] {
      channel<int> numbers(capacity);
      std::vector<task<void>> senders;
      for (int n = 0; n < 20; ++n) senders.push_back(spawn([&numbers, n] { numbers.send(n); }));
      let_all_run();
      for (int n = 0; n < 20; ++n) EXPECT_EQ(numbers.receive(), n);
      for (auto& each : senders) each.join();
    });
  }
}

TEST(channel, passes_over_receivers_that_have_left) {
  run(with_loops(1), [] {
    channel<int> numbers(0);
    std::vector<task<std::optional<int>>> receivers;
    for (int n = 0; n < 3; ++n) receivers.push_back(spawn([&] { return numbers.receive(); }));
    let_all_run();
    receivers[0].cancel();
    numbers.send(5);  // before the first has run and left the list
    EXPECT_THROW(receivers[0].join(), task_cancelled);
    EXPECT_EQ(receivers[1].join(), 5);
    numbers.send(6);
    EXPECT_EQ(receivers[2].join(), 6);
  });
}

TEST(channel, passes_over_senders_that_have_left) {
  for (const std::size_t capacity : {0U, 1U}) {
    run(with_loops(1), [capacity] {
      channel<int> numbers(capacity);
      if (capacity == 1) numbers.send(-1);
      std::vector<task<void>> senders;
      for (int n = 0; n < 3; ++n) senders.push_back(spawn([&numbers, n] { numbers.send(n); }));
      let_all_run();
      senders[0].cancel();
      if (capacity == 1) {
        EXPECT_EQ(numbers.receive(), -1);
      }
      EXPECT_EQ(numbers.receive(), 1);
      EXPECT_EQ(numbers.receive(), 2);
      EXPECT_EQ(numbers.try_receive(), std::nullopt);
      EXPECT_THROW(senders[0].join(), task_cancelled);
      senders[1].join();
      senders[2].join();
    });
  }
}

TEST(channel, try_calls_do_what_takes_no_waiting_and_no_more) {
  everywhere([] {
    channel<std::string> words(1);
    EXPECT_EQ(words.try_receive(), std::nullopt);
    std::string first = "a first word that needs an allocation";
    const std::string copy = first;
    EXPECT_TRUE(words.try_send(first));
    EXPECT_TRUE(first.empty());
    std::string second = copy;
    EXPECT_FALSE(words.try_send(second));
    EXPECT_EQ(second, copy) << "what was not sent stays";
    EXPECT_FALSE(words.try_send("an rvalue"));
    EXPECT_EQ(words.try_receive(), copy);
    EXPECT_EQ(words.try_receive(), std::nullopt);
    channel<std::string> hand(0);
    EXPECT_FALSE(hand.try_send(second));
    EXPECT_EQ(second, copy);
    EXPECT_EQ(hand.try_receive(), std::nullopt);
  });
}

TEST(channel, a_send_that_is_late_keeps_its_value) {
  everywhere([] {
    for (const std::size_t capacity : {0U, 1U}) {
      channel<std::unique_ptr<int>> values(capacity);
      if (capacity == 1) values.send(nullptr);
      auto mine = std::make_unique<int>(4);
      const auto limit = clock::now() + 2ms;
      EXPECT_FALSE(values.send_until(mine, limit));
      EXPECT_GE(clock::now(), limit);
      EXPECT_FALSE(values.send_for(mine, 1ms));
      EXPECT_FALSE(values.send_for(mine, -1ms));
      ASSERT_NE(mine, nullptr);
      EXPECT_EQ(*mine, 4);
      values.close();
    }
  });
}

TEST(channel, a_receive_that_is_late_gives_nothing_and_takes_nothing) {
  everywhere([] {
    channel<int> numbers(1);
    const auto limit = clock::now() + 2ms;
    EXPECT_EQ(numbers.receive_until(limit), std::nullopt);
    EXPECT_GE(clock::now(), limit);
    EXPECT_EQ(numbers.receive_for(1ms), std::nullopt);
    numbers.send(1);
    EXPECT_EQ(numbers.size(), 1U) << "nobody must be left in the list";
    EXPECT_EQ(numbers.receive_for(0ms), 1) << "what is there is received, however late";
  });
}

TEST(channel, that_is_closed_gives_what_it_holds_and_then_nothing) {
  everywhere([] {
    channel<int> numbers(3);
    numbers.send(1);
    numbers.send(2);
    EXPECT_FALSE(numbers.is_closed());
    numbers.close();
    numbers.close();
    EXPECT_TRUE(numbers.is_closed());
    EXPECT_THROW(numbers.send(3), channel_closed);
    int kept = 4;
    EXPECT_THROW(numbers.try_send(kept), channel_closed);
    EXPECT_THROW(numbers.send_for(kept, 1ms), channel_closed);
    EXPECT_EQ(numbers.receive(), 1);
    EXPECT_EQ(numbers.receive_for(1ms), 2);
    EXPECT_EQ(numbers.receive(), std::nullopt);
    EXPECT_EQ(numbers.try_receive(), std::nullopt);
    EXPECT_EQ(numbers.receive_for(1ms), std::nullopt);
  });
}

TEST(channel, closing_wakes_everyone_and_senders_keep_their_values) {
  run(with_any_loops(), [] {
    channel<std::unique_ptr<int>> full(1);
    channel<int> empty(0);
    full.send(std::make_unique<int>(0));
    std::vector<task<int>> senders;
    std::vector<task<std::optional<int>>> receivers;
    for (int n = 1; n < 10; ++n) {
      senders.push_back(spawn([&full, n] {
        auto mine = std::make_unique<int>(n);
        EXPECT_THROW(full.send_until(mine, deadline::never()), channel_closed);
        return *mine;
      }));
      receivers.push_back(spawn([&] { return empty.receive(); }));
    }
    let_all_run();
    full.close();
    empty.close();
    for (int n = 1; n < 10; ++n) {
      const auto at = static_cast<std::size_t>(n - 1);
      EXPECT_EQ(senders[at].join(), n);
      EXPECT_EQ(receivers[at].join(), std::nullopt);
    }
    EXPECT_EQ(*full.receive().value(), 0);
    EXPECT_EQ(full.receive(), std::nullopt);
  });
}

TEST(channel, can_be_iterated_over_until_it_is_closed) {
  run(with_loops(2), [] {
    channel<std::unique_ptr<int>> values(2);
    auto sender = spawn([&] {
      for (int n = 1; n <= 100; ++n) values.send(std::make_unique<int>(n));
      values.close();
    });
    int sum = 0;
    for (std::unique_ptr<int> each : values) sum += *each;
    EXPECT_EQ(sum, 5050);
    for (const auto& each : values) ADD_FAILURE() << *each;
    sender.join();
  });
}

TEST(channel, a_wait_that_is_cancelled_leaves_no_waiter_behind) {
  run(with_any_loops(), [] {
    channel<int> hand(0);
    auto receiver = spawn([&] { hand.receive(); });
    let_all_run();
    receiver.cancel();
    EXPECT_THROW(receiver.join(), task_cancelled);
    int mine = 1;
    EXPECT_FALSE(hand.try_send(mine));
    auto sender = spawn([&] { hand.send(2); });
    let_all_run();
    sender.cancel();
    EXPECT_THROW(sender.join(), task_cancelled);
    EXPECT_EQ(hand.try_receive(), std::nullopt);
  });
}

TEST(channel, a_value_handed_over_before_the_cancel_is_received) {
  run(with_any_loops(), [] {
    channel<int> hand(0);
    std::optional<int> got;
    auto receiver = spawn([&] { got = hand.receive(); });
    let_all_run();
    hand.send(3);  // claims the wait; the receiver has not run yet
    receiver.cancel();
    receiver.join();
    EXPECT_EQ(got, 3);
  });
}

TEST(channel, a_cancelled_fiber_neither_sends_nor_receives) {
  run(with_any_loops(), [] {
    channel<int> numbers(4);
    numbers.send(1);
    auto other = spawn([&] {
      cancel_scope scope;
      scope.cancel();
      EXPECT_FALSE(scope.run([&] { numbers.send(2); }));
      EXPECT_FALSE(scope.run([&] { numbers.receive(); }));
    });
    other.join();
    EXPECT_EQ(numbers.size(), 1U);
  });
}

TEST(channel, a_loop_of_sends_and_receives_that_never_wait_lets_others_run) {
  run(with_any_loops(), [] {
    channel<int> numbers(1);
    EXPECT_TRUE(test::another_fiber_runs_beside([&] {
      numbers.send(1);
      numbers.receive();
    }));
  });
}

TEST(channel, connects_threads_fibers_and_runtimes) {
  constexpr int each = test::rounds(2'000);
  for (const std::size_t capacity : {0U, 3U}) {
    channel<int> numbers(capacity);
    channel<int> sums(0);
    std::atomic<int> sending{3};
    const auto sends = [&] {
      for (int n = 1; n <= each; ++n) numbers.send(n);
      if (--sending == 0) numbers.close();
    };
    const auto receives = [&] {
      int sum = 0;
      for (const int n : numbers) sum += n;
      sums.send(sum);
    };
    test::crowd all;
    for (int n = 0; n < 2; ++n) all.add_fiber(sends);
    for (int n = 0; n < 2; ++n) all.add_fiber(receives);
    all.add_thread(sends);
    all.add_thread(receives);
    all.meet([&] {
      int sum = 0;
      for (int n = 0; n < 3; ++n) sum += sums.receive().value();
      EXPECT_EQ(sum, 3 * each * (each + 1) / 2);
    });
  }
}

TEST(channel, keeps_each_sender_s_order_across_loops) {
  run(with_loops(2), [] {
    channel<std::pair<int, int>> numbers(4);
    std::vector<task<void>> senders;
    for (int who = 0; who < 4; ++who) {
      senders.push_back(spawn([&numbers, who] {
        for (int n = 0; n < 2'000; ++n) numbers.send({who, n});
      }));
    }
    std::vector<int> next(4);
    for (int n = 0; n < 8'000; ++n) {
      const auto [who, number] = numbers.receive().value();
      ASSERT_EQ(number, next[static_cast<std::size_t>(who)]++);
    }
    for (auto& each : senders) each.join();
  });
}

TEST(channel, one_value_wakes_one_of_a_thousand_and_a_close_wakes_the_rest) {
  run(with_any_loops(), [] {
    channel<int> numbers(4);
    int waiting = 0;
    int woken = 0;
    task_group receivers;
    for (int n = 0; n < 1'000; ++n) {
      receivers.spawn([&] {
        ++waiting;
        numbers.receive();
        ++woken;
      });
    }
    test::yield_until([&] { return waiting == 1'000; });
    let_all_run();
    numbers.send(1);
    let_all_run();
    EXPECT_EQ(woken, 1);
    numbers.close();
    receivers.join();
    EXPECT_EQ(woken, 1'000);
  });
}

TEST(channel, destroys_what_is_left_in_it) {
  const auto counted = std::make_shared<int>(0);
  {
    channel<std::shared_ptr<int>> values(4);
    for (int n = 0; n < 3; ++n) values.send(counted);
    values.receive();
    values.send(counted);
    values.send(counted);
    EXPECT_EQ(counted.use_count(), 5);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(channel, too_large_a_buffer_is_an_error) {
  EXPECT_THROW(channel<int>(std::size_t{1} << 62), std::bad_alloc);
}

TEST(channel, says_in_a_dump_what_its_waiters_wait_for) {
  runtime home(with_loops(1));
  channel<int> numbers(0);
  auto receiver = home.spawn([&] { numbers.receive(); });
  std::ostringstream text;
  EXPECT_TRUE(test::eventually([&] {
    text.str({});
    home.dump(text);
    return text.str().find("waits for a value of channel") != std::string::npos;
  })) << text.str();
  numbers.close();
  receiver.join();
}

}  // namespace
}  // namespace heddle::sync
