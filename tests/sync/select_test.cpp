// SPDX-License-Identifier: MIT
// sync::select: exactly one case happens, whichever it is, and the others have had no effect.
// Not here: Go's cases (select_go_test), losing nothing under load (channel_conservation_test).
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/sync/select.hpp>

#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"
#include "runtime/support/turns.hpp"
#include "sync/support/functions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::everywhere;
using test::ignore;
using test::let_all_run;
using test::nothing;
using test::with_any_loops;
using test::with_loops;

TEST(select, receives_what_is_there) {
  everywhere([] {
    channel<int> numbers(1);
    channel<std::string> words(1);
    numbers.send(4);
    std::optional<int> got;
    EXPECT_EQ(select(on_receive(words, ignore), on_receive(numbers, [&](auto n) { got = n; })), 1U);
    EXPECT_EQ(got, 4);
    EXPECT_EQ(numbers.size(), 0U);
  });
}

TEST(select, waits_until_a_value_comes) {
  run(with_any_loops(), [] {
    channel<int> left(0);
    channel<std::unique_ptr<int>> right(0);
    auto chooser = spawn([&] {
      int got = 0;
      const std::size_t which =
          select(on_receive(left, ignore),
                 on_receive(right, [&](std::optional<std::unique_ptr<int>> n) { got = **n; }));
      return std::pair(which, got);
    });
    let_all_run();
    right.send(std::make_unique<int>(9));
    EXPECT_EQ(chooser.join(), std::pair(std::size_t{1}, 9));
    int other = 1;
    EXPECT_FALSE(left.try_send(other)) << "the chooser must have left the other channel";
  });
}

TEST(select, waits_until_there_is_room) {
  run(with_any_loops(), [] {
    channel<int> full(1);
    channel<int> hand(0);
    full.send(1);
    auto chooser =
        spawn([&] { return select(on_send(full, 2, nothing), on_send(hand, 3, nothing)); });
    let_all_run();
    EXPECT_EQ(hand.receive(), 3);
    EXPECT_EQ(chooser.join(), 1U);
    EXPECT_EQ(full.receive(), 1);
    EXPECT_EQ(full.try_receive(), std::nullopt) << "what did not happen must have had no effect";
  });
}

TEST(select, moves_from_an_lvalue_only_if_it_was_sent) {
  everywhere([] {
    channel<std::unique_ptr<int>> first(1);
    channel<std::unique_ptr<int>> second(0);
    auto mine = std::make_unique<int>(1);
    auto other = std::make_unique<int>(2);
    EXPECT_EQ(select(on_send(second, other, nothing), on_send(first, mine, nothing)), 1U);
    EXPECT_EQ(mine, nullptr);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(*other, 2);
    EXPECT_EQ(select(on_send(second, other, nothing), on_timeout(1ms, nothing)), 1U);
    EXPECT_NE(other, nullptr);
  });
}

TEST(select, calls_the_function_of_the_case_that_happened_and_no_other) {
  everywhere([] {
    channel<int> numbers(1);
    event never;
    std::vector<int> called;
    select(on_receive(numbers, [&](auto) { called.push_back(0); }),
           on_send(numbers, 5, [&] { called.push_back(1); }),
           on_event(never, [&] { called.push_back(2); }),
           on_timeout(10s, [&] { called.push_back(3); }), otherwise([&] { called.push_back(4); }));
    EXPECT_EQ(called, std::vector<int>{1});
  });
}

TEST(select, does_otherwise_what_it_can_without_waiting) {
  everywhere([] {
    channel<int> numbers(0);
    event start;
    EXPECT_EQ(select(on_receive(numbers, ignore), on_event(start, nothing), otherwise(nothing)),
              2U);
    EXPECT_EQ(select(on_send(numbers, 1, nothing), otherwise(nothing)), 1U);
    start.set();
    EXPECT_EQ(select(on_receive(numbers, ignore), on_event(start, nothing), otherwise(nothing)),
              1U);
  });
}

TEST(select, ends_at_the_earliest_time_out_and_not_before) {
  everywhere([] {
    channel<int> numbers(0);
    const auto limit = clock::now() + 5ms;
    EXPECT_EQ(select(on_timeout(10s, nothing), on_receive(numbers, ignore),
                     on_deadline(limit, nothing), on_timeout(std::chrono::hours::max(), nothing)),
              2U);
    EXPECT_GE(clock::now(), limit);
    EXPECT_EQ(select(on_receive(numbers, ignore), on_timeout(-1s, nothing)), 1U);
    numbers.close();
  });
}

TEST(select, hears_of_an_event) {
  run(with_any_loops(), [] {
    channel<int> numbers(0);
    event start;
    auto chooser =
        spawn([&] { return select(on_receive(numbers, ignore), on_event(start, nothing)); });
    let_all_run();
    start.set();
    start.reset();  // who waited when it was set goes on
    EXPECT_EQ(chooser.join(), 1U);
    EXPECT_EQ(select(on_event(start, nothing), otherwise(nothing)), 1U);
  });
}

TEST(select, of_a_closed_channel_receives_nothing_or_throws) {
  everywhere([] {
    channel<int> closed(1);
    channel<int> open(0);
    closed.send(1);
    closed.close();
    std::vector<std::optional<int>> got;
    const auto keep = [&](std::optional<int> n) { got.push_back(n); };
    EXPECT_EQ(select(on_receive(open, keep), on_receive(closed, keep)), 1U);
    EXPECT_EQ(select(on_receive(open, keep), on_receive(closed, keep)), 1U);
    EXPECT_EQ(got, (std::vector<std::optional<int>>{1, std::nullopt}));
    int mine = 6;
    EXPECT_THROW(select(on_receive(open, keep), on_send(closed, mine, nothing)), channel_closed);
    EXPECT_THROW(select(on_send(closed, mine, nothing), otherwise(nothing)), channel_closed);
  });
}

TEST(select, hears_that_a_channel_is_closed_while_it_waits) {
  run(with_any_loops(), [] {
    channel<int> open(0);
    channel<int> received_from(0);
    channel<std::unique_ptr<int>> sent_to(0);
    auto mine = std::make_unique<int>(3);
    auto receiver = spawn([&] {
      std::optional<int> got = 1;
      EXPECT_EQ(
          select(on_receive(open, ignore), on_receive(received_from, [&](auto n) { got = n; })),
          1U);
      return got;
    });
    auto sender = spawn([&] {
      EXPECT_THROW(select(on_receive(open, ignore), on_send(sent_to, mine, nothing)),
                   channel_closed);
    });
    let_all_run();
    EXPECT_FALSE(receiver.done() || sender.done());
    received_from.close();
    sent_to.close();
    EXPECT_EQ(receiver.join(), std::nullopt);
    sender.join();
    EXPECT_NE(mine, nullptr);
  });
}

TEST(select, that_both_sends_and_receives_on_a_channel_does_not_meet_itself) {
  run(with_any_loops(), [] {
    channel<int> hand(0);
    EXPECT_EQ(select(on_receive(hand, ignore), on_send(hand, 1, nothing), on_timeout(1ms, nothing)),
              2U);
    for (int round = 0; round < 100; ++round) {
      int received = 0;
      int sent = 0;
      const auto both = [&] {
        select(on_receive(hand, [&](auto n) { received += *n; }),
               on_send(hand, 7, [&] { ++sent; }));
      };
      auto one = spawn(both);
      auto other = spawn(both);
      one.join();
      other.join();
      EXPECT_EQ(received, 7);
      EXPECT_EQ(sent, 1);
    }
  });
}

TEST(select, of_senders_meets_selects_of_receivers) {
  for (const std::size_t capacity : {0U, 1U}) {
    run(with_loops(2), [capacity] {
      channel<int> left(capacity);
      channel<int> right(capacity);
      const int rounds = test::rounds(20'000);
      auto sender = spawn([&] {
        for (int n = 1; n <= rounds; ++n) {
          select(on_send(left, n, nothing), on_send(right, n, nothing));
        }
        left.close();
        right.close();
      });
      std::int64_t sum = 0;
      int closed = 0;
      const auto add = [&](std::optional<int> n) { n.has_value() ? sum += *n : ++closed; };
      while (closed == 0) select(on_receive(right, add), on_receive(left, add));
      while (const auto n = left.receive()) sum += *n;
      while (const auto n = right.receive()) sum += *n;
      sender.join();
      EXPECT_EQ(sum, std::int64_t{rounds} * (rounds + 1) / 2);
    });
  }
}

TEST(select, chooses_each_of_the_ready_now_and_then) {
  everywhere([] {
    std::array<int, 3> chosen{};
    event always;
    always.set();
    channel<int> closed(0);
    closed.close();
    channel<int> numbers(1);
    for (int n = 0; n < 3'000; ++n) {
      ++chosen[select(on_event(always, nothing), on_receive(closed, ignore),
                      on_send(numbers, n, nothing))];
      numbers.try_receive();
    }
    for (const int each : chosen) EXPECT_GT(each, 300) << "of 3,000, a third of which is 1,000";
  });
}

TEST(select, joins_the_task_that_has_ended_and_leaves_the_other_joinable) {
  run(with_any_loops(), [] {
    test::gate gate;
    auto quick = spawn([] { return std::make_unique<int>(5); });
    auto slow = spawn([&] {
      gate.wait();
      return 6;
    });
    int got = 0;
    EXPECT_EQ(select(on_join(slow, [&](int n) { got = n; }),
                     on_join(quick, [&](std::unique_ptr<int> n) { got = *n; })),
              1U);
    EXPECT_EQ(got, 5);
    EXPECT_FALSE(quick.joinable());
    ASSERT_TRUE(slow.joinable());
    gate.open();
    EXPECT_EQ(slow.join(), 6);
  });
}

TEST(select, waits_for_the_end_of_tasks_of_another_runtime_and_from_a_thread) {
  for (const unsigned loops : {1U, 2U}) {
    runtime other(with_loops(loops));
    const auto body = [&] {
      for (int round = 0; round < test::rounds(2'000); ++round) {
        auto first = other.spawn([] { this_fiber::yield(); });
        auto second = other.spawn([] { return 2; });
        channel<int> never(0);
        const std::size_t which = select(on_receive(never, ignore), on_join(first, nothing),
                                         on_join(second, [](int n) { EXPECT_EQ(n, 2); }));
        EXPECT_EQ(first.joinable(), which != 1);
        EXPECT_EQ(second.joinable(), which != 2);
        if (which == 1) {
          EXPECT_EQ(second.join(), 2);
        } else {
          first.join();
        }
      }
    };
    body();
    run(with_loops(1), body);
  }
}

TEST(select, rethrows_what_left_the_task_it_joins) {
  run(with_any_loops(), [] {
    auto fails = spawn([] { throw std::runtime_error("mine"); });
    try {
      select(on_join(fails, nothing), on_timeout(10s, nothing));
      ADD_FAILURE();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "mine");
    }
    EXPECT_FALSE(fails.joinable());
    auto stuck = spawn(test::park_for_ever);
    let_all_run();
    stuck.cancel();
    EXPECT_THROW(select(on_join(stuck, nothing)), task_cancelled);
  });
}

TEST(select, may_name_a_task_twice) {
  run(with_any_loops(), [] {
    auto slow = spawn([] { this_fiber::sleep_for(1ms); });
    int calls = 0;
    EXPECT_EQ(select(on_join(slow, [&] { ++calls; }), on_join(slow, [&] { ++calls; })), 0U);
    EXPECT_EQ(calls, 1);
  });
}

TEST(select, refuses_a_handle_without_a_task_and_the_task_itself) {
  run(with_any_loops(), [] {
    channel<int> numbers(1);
    task<void> none;
    EXPECT_THROW(select(on_receive(numbers, ignore), on_join(none, nothing)), std::logic_error);
    std::optional<task<void>> self;
    self = spawn([&] {
      EXPECT_THROW(select(on_receive(numbers, ignore), on_join(*self, nothing)), std::logic_error);
    });
    let_all_run();
    self->join();
    numbers.send(1);  // would go to a waiter that is gone, were one left
    EXPECT_EQ(numbers.size(), 1U);
  });
}

TEST(select, that_is_cancelled_has_done_nothing) {
  run(with_any_loops(), [] {
    channel<std::unique_ptr<int>> hand(0);
    channel<int> numbers(0);
    event start;
    auto other = spawn([&] { start.wait(); });
    auto mine = std::make_unique<int>(1);
    auto chooser = spawn([&] {
      select(on_send(hand, mine, nothing), on_receive(numbers, ignore), on_join(other, nothing),
             on_event(start, nothing), on_timeout(10s, nothing));
    });
    let_all_run();
    chooser.cancel();
    EXPECT_THROW(chooser.join(), task_cancelled);
    EXPECT_NE(mine, nullptr);
    EXPECT_EQ(hand.try_receive(), std::nullopt);
    int n = 1;
    EXPECT_FALSE(numbers.try_send(n));
    start.set();
    other.join();
  });
}

TEST(select, takes_ranges_of_cases_made_at_run_time) {
  everywhere([] {
    std::vector<std::unique_ptr<channel<int>>> channels;
    for (int n = 0; n < 10; ++n) channels.push_back(std::make_unique<channel<int>>(1));
    int got = 0;
    const auto keep = [&](std::optional<int> n) { got = *n; };
    std::vector<decltype(on_receive(*channels[0], keep))> cases;
    for (auto& each : channels) cases.push_back(on_receive(*each, keep));
    for (int n = 0; n < 10; ++n) {
      channels[static_cast<std::size_t>(n)]->send(n + 100);
      EXPECT_EQ(select(cases), static_cast<std::size_t>(n));
      EXPECT_EQ(got, n + 100);
    }
    EXPECT_EQ(select(cases, on_timeout(1ms, nothing)), 10U);
    EXPECT_EQ(select(otherwise(nothing), cases), 0U);
    cases.clear();
    EXPECT_THROW(select(cases), std::invalid_argument);
  });
}

TEST(select, takes_as_many_cases_as_it_can_tell_apart_and_refuses_more) {
  constexpr std::size_t most = 65'534;
  std::vector<decltype(otherwise(nothing))> cases;
  for (std::size_t n = 0; n < most; ++n) cases.emplace_back(nothing);
  EXPECT_EQ(select(cases), 0U);
  cases.emplace_back(nothing);
  EXPECT_EQ(test::message_of<std::invalid_argument>([&] { select(cases); }),
            "heddle::sync::select: more than 65534 cases");
}

TEST(select, its_function_may_select_again_and_may_throw) {
  everywhere([] {
    channel<int> numbers(2);
    numbers.send(1);
    numbers.send(2);
    int inner = 0;
    EXPECT_THROW(select(on_receive(numbers,
                                   [&](std::optional<int> n) {
                                     select(on_receive(numbers, [&](auto m) { inner = *m; }));
                                     if (*n == 1) throw std::runtime_error("mine");
                                   })),
                 std::runtime_error);
    EXPECT_EQ(inner, 2);
    EXPECT_EQ(select(on_send(numbers, 3, nothing), otherwise(nothing)), 0U) << "no lock is left";
  });
}

TEST(select, that_succeeds_at_once_again_and_again_lets_others_run) {
  run(with_any_loops(), [] {
    channel<int> numbers(1);
    EXPECT_TRUE(test::another_fiber_runs_beside(
        [&] { select(on_receive(numbers, ignore), otherwise(nothing)); }));
  });
}

TEST(select, serves_a_waiting_select_in_its_turn) {
  run(with_loops(1), [] {
    channel<int> numbers(0);
    channel<int> other(0);
    std::vector<int> order;
    auto first = spawn([&] { numbers.receive(), order.push_back(1); });
    auto second = spawn([&] {
      select(on_receive(other, ignore), on_receive(numbers, ignore)), order.push_back(2);
    });
    auto third = spawn([&] { numbers.receive(), order.push_back(3); });
    let_all_run();
    for (int n = 0; n < 3; ++n) numbers.send(n);
    first.join();
    second.join();
    third.join();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  });
}

TEST(select, takes_time_outs_of_any_length) {
  channel<int> never(0);
  const auto comes_at_once = [&](auto after) {
    return select(on_receive(never, ignore), on_timeout(after, nothing), on_timeout(1s, nothing)) ==
           1;
  };
  using seconds = std::chrono::duration<double>;
  EXPECT_TRUE(comes_at_once(-1h));
  EXPECT_TRUE(comes_at_once(std::chrono::nanoseconds::min()));
  EXPECT_TRUE(comes_at_once(std::chrono::hours(-2'562'048))) << "a little more than 2^63 ns";
  EXPECT_TRUE(comes_at_once(std::chrono::minutes::min()));
  EXPECT_TRUE(comes_at_once(seconds(-1e300)));
  EXPECT_TRUE(comes_at_once(seconds(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_EQ(select(on_timeout(std::chrono::hours::max(), nothing), on_timeout(1ms, nothing)), 1U);
}

TEST(select, of_its_own_end_leaves_alone_whoever_waits_for_it) {
  run(with_any_loops(), [] {
    event go_on;
    std::optional<task<void>> self;
    self = spawn([&] {
      go_on.wait();
      EXPECT_THROW(select(on_join(*self, nothing)), std::logic_error);
    });
    auto joiner = spawn([&] { self->wait(); });
    let_all_run();  // both wait
    go_on.set();
    EXPECT_TRUE(move_on_after(20s, [&] { joiner.join(); })) << "was never told of the end";
    self.reset();
  });
}

TEST(select, refuses_to_send_again_what_it_has_sent) {
  everywhere([] {
    channel<std::string> words(2);
    auto once_only = on_send(words, std::string("held"), nothing);
    EXPECT_EQ(select(once_only), 0U);
    EXPECT_THROW(select(on_receive(words, ignore), once_only), std::logic_error);
    EXPECT_EQ(words.receive(), "held") << "still there, and nothing after it";
    EXPECT_EQ(words.size(), 0U);
    auto late = on_send(words, std::string("late"), nothing);
    words.send("1");
    words.send("2");
    EXPECT_EQ(select(late, otherwise(nothing)), 1U);
    words.receive();
    EXPECT_EQ(select(late, otherwise(nothing)), 0U) << "not sent before: used again";
    std::string mine = "mine";
    words.receive();
    auto by_reference = on_send(words, mine, nothing);
    EXPECT_EQ(select(by_reference), 0U);
    mine = "filled anew";
    EXPECT_EQ(words.receive(), "late");
    EXPECT_EQ(words.receive(), "mine");
    EXPECT_EQ(select(by_reference), 0U);
    EXPECT_EQ(words.receive(), "filled anew");
  });
}

/// Its n-th move throws.
struct fuse {
  explicit fuse(int moves) : left(moves) {}
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): throwing is what it is for
  fuse(fuse&& other) : left(other.left - 1) {
    if (left == 0) throw std::runtime_error("blown");
  }
  int left;
};

TEST(select, hands_over_a_value_by_reference_so_that_none_is_lost) {
  for (int moves = 3; moves < 7; ++moves) {
    channel<fuse> values(1);
    fuse one(moves);
    values.send_until(one, deadline::never());
    bool called = false;
    try {
      select(on_receive(values, [&](std::optional<fuse>&& got) { called = got.has_value(); }));
    } catch (const std::runtime_error&) {
    }
    EXPECT_NE(called, values.size() == 1) << "with a fuse of " << moves;
  }
}

template <class Task, class Fn>
concept can_join = requires(Task& of, Fn fn) {
  on_join(of, fn);
};
static_assert(can_join<task<void>, decltype(nothing)>);
static_assert(can_join<task<int>, decltype(ignore)>);
static_assert(!can_join<task<int>, decltype(nothing)>);

}  // namespace
}  // namespace heddle::sync
