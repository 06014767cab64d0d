// SPDX-License-Identifier: MIT
// broadcast: everybody gets everything, or is told how much he has missed.
#include <heddle/runtime.hpp>
#include <heddle/sync/broadcast.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/support/crowd.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(broadcast, gives_every_receiver_every_value_sent_after_it_came) {
  broadcast<std::string> radio(4);
  EXPECT_EQ(radio.send("unheard"), 0U);
  auto first = radio.subscribe();
  EXPECT_EQ(radio.send("a"), 1U);
  auto second = radio.subscribe();
  EXPECT_EQ(radio.receivers(), 2U);
  EXPECT_EQ(radio.send("b"), 2U);
  EXPECT_EQ(first.receive(), "a");
  EXPECT_EQ(first.try_receive(), "b");
  EXPECT_EQ(first.try_receive(), std::nullopt);
  EXPECT_EQ(second.receive(), "b");
  EXPECT_EQ(second.receive_for(1ms), std::nullopt);
  EXPECT_EQ(second.receive_until(clock::now()), std::nullopt);
}

TEST(broadcast, needs_room_for_a_value) { EXPECT_THROW(broadcast<int>(0), std::invalid_argument); }

TEST(broadcast, a_slow_receiver_is_told_how_many_it_missed_and_goes_on_with_the_oldest) {
  broadcast<int> radio(3);
  auto slow = radio.subscribe();
  auto quick = radio.subscribe();
  for (int n = 0; n < 3; ++n) radio.send(n);
  EXPECT_EQ(quick.receive(), 0);
  EXPECT_EQ(slow.receive(), 0) << "all three are kept";
  for (int n = 3; n < 8; ++n) radio.send(n);
  try {
    slow.receive();
    ADD_FAILURE() << "has missed 1 to 4";
  } catch (const lagged& how) {
    EXPECT_EQ(how.missed(), 4U);
    EXPECT_NE(std::string(how.what()).find('4'), std::string::npos);
  }
  EXPECT_EQ(slow.receive(), 5);
  EXPECT_EQ(slow.receive(), 6);
  EXPECT_EQ(slow.receive(), 7);
  EXPECT_THROW(quick.try_receive(), lagged);
  EXPECT_EQ(quick.try_receive(), 5);
}

TEST(broadcast, the_end_comes_after_all_that_was_sent) {
  std::optional<broadcast<int>::receiver> outlives;
  {
    broadcast<int> radio(3);
    auto listener = radio.subscribe();
    outlives.emplace(std::move(listener));
    // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
    EXPECT_THROW(listener.receive(), std::logic_error);
    radio.send(1);
    radio.close();
    EXPECT_THROW(radio.send(2), broadcast_closed);
    EXPECT_EQ(radio.receivers(), 1U);
  }
  EXPECT_TRUE(outlives->is_closed());
  EXPECT_EQ(outlives->receive(), 1);
  EXPECT_EQ(outlives->receive(), std::nullopt);
  EXPECT_EQ(outlives->try_receive(), std::nullopt);
}

TEST(broadcast, receivers_come_and_go) {
  broadcast<int> radio(2);
  auto first = radio.subscribe();
  {
    auto second = radio.subscribe();
    EXPECT_EQ(radio.receivers(), 2U);
    auto moved = std::move(second);
    EXPECT_EQ(radio.receivers(), 2U);
    first = std::move(moved);
    EXPECT_EQ(radio.receivers(), 1U);
  }
  EXPECT_EQ(radio.send(1), 1U);
  EXPECT_EQ(first.receive(), 1);
}

TEST(broadcast, keeps_no_more_than_its_capacity) {
  const auto value = std::make_shared<int>(1);
  broadcast<std::shared_ptr<int>> radio(4);
  auto listener = radio.subscribe();
  for (int n = 0; n < 100; ++n) radio.send(value);
  EXPECT_EQ(value.use_count(), 5);
}

TEST(broadcast, wakes_fibers_and_threads_that_wait_at_a_value_and_at_the_end) {
  constexpr int each = 6;
  broadcast<int> radio(8);
  std::atomic<int> got{0};
  std::atomic<int> ended{0};
  std::atomic<int> ready{0};
  const auto listen = [&] {
    auto receiver = radio.subscribe();
    ++ready;
    while (const auto value = receiver.receive()) got += *value;
    ++ended;
  };
  test::crowd all;
  for (int n = 0; n < each; ++n) {
    all.add_thread(listen);
    all.add_fiber(listen);
    all.add_fiber(listen);
  }
  all.meet([&] {
    test::wait_until([&] { return ready == 3 * each; });
    radio.send(5);
    test::wait_until([&] { return got == 15 * each; });
    radio.close();
  });
  EXPECT_EQ(ended, 3 * each);
}

TEST(broadcast, a_cancelled_receive_takes_nothing) {
  run(with_any_loops(), [] {
    broadcast<int> radio(4);
    auto receiver = radio.subscribe();
    auto body = spawn([&] { receiver.receive(); });
    let_all_run();
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    radio.send(1);
    EXPECT_EQ(receiver.receive(), 1);
  });
}

TEST(broadcast, says_in_a_dump_what_is_waited_for) {
  runtime home(with_loops(1));
  broadcast<int> radio(1);
  auto receiver = radio.subscribe();
  auto body = home.spawn([&] { receiver.receive(); });
  EXPECT_TRUE(test::eventually([&] {
    std::ostringstream text;
    home.dump(text);
    return text.str().find("a value of broadcast") != std::string::npos;
  }));
  radio.close();
  body.join();
}

TEST(broadcast, what_was_received_and_what_was_missed_add_up_to_what_was_sent) {
  constexpr int senders = 3;
  constexpr int each = test::rounds(5'000);
  broadcast<int> radio(16);
  std::atomic<int> sending{senders};
  const auto listen = [&](broadcast<int>::receiver& receiver, std::uint64_t stream) {
    test::random_numbers random(stream);
    std::vector<int> last(senders, -1);
    std::uint64_t count = 0;
    for (;;) {
      try {
        const auto value = random.once_in(2)
                               ? receiver.receive_for(std::chrono::microseconds(random.below(50)))
                               : receiver.try_receive();
        if (value) {
          ++count;
          auto& before = last[static_cast<std::size_t>(*value / each)];
          EXPECT_GT(*value, before) << "one sender's values come in their order";
          before = *value;
        } else if (receiver.is_closed()) {
          if (const auto rest = receiver.try_receive()) {
            ++count;
          } else {
            break;
          }
        }
      } catch (const lagged& how) {
        count += how.missed();
      }
    }
    EXPECT_EQ(count, std::uint64_t{senders} * each);
  };
  const auto subscribed = [&radio] {
    return std::make_shared<broadcast<int>::receiver>(radio.subscribe());
  };
  test::crowd all;
  for (std::uint64_t n = 0; n < 4; ++n) {
    all.add_fiber([&listen, n, mine = subscribed()] { listen(*mine, n + 1); });
  }
  all.add_thread([&listen, mine = subscribed()] { listen(*mine, 9); });
  const auto send = [&](int first) {
    for (int n = first; n < first + each; ++n) {
      radio.send(n);
      if (n % 64 == 0 && this_fiber::exists()) this_fiber::yield();
    }
    if (--sending == 0) radio.close();
  };
  all.add_thread([&] { send(0); });
  all.add_fiber([&] { send(each); });
  all.add_fiber([&] { send(2 * each); });
  all.meet();
}

}  // namespace
}  // namespace heddle::sync
