// SPDX-License-Identifier: MIT
// What Go's own tests ask of channels and select, asked of ours: tests/ported/go.md has the table.
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/select.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/support/functions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::ignore;
using test::let_all_run;
using test::nothing;
using test::rounds;
using test::with_any_loops;
using test::with_loops;

TEST(select_go, a_value_sent_and_a_close_race_without_loss_for_every_capacity) {
  run(with_loops(2), [] {
    for (std::size_t capacity = 0; capacity < 20; ++capacity) {
      channel<int> numbers(capacity);
      auto sender = spawn([&] {
        for (int n = 0; n < 100; ++n) numbers.send(n);
        numbers.close();
      });
      int expected = 0;
      for (const int n : numbers) EXPECT_EQ(n, expected++);
      EXPECT_EQ(expected, 100);
      EXPECT_EQ(numbers.receive(), std::nullopt);
      sender.join();
    }
  });
}

TEST(select_go, many_senders_and_receivers_see_each_value_once) {
  run(with_loops(2), [] {
    constexpr int parties = 4;
    const int each = rounds(1'000);
    for (const std::size_t capacity : {0U, 1U, 10U}) {
      channel<int> numbers(capacity);
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(each));
      std::vector<task<void>> all;
      for (int p = 0; p < parties; ++p) {
        all.push_back(spawn([&] {
          for (int n = 0; n < each; ++n) numbers.send(n);
        }));
        all.push_back(spawn([&] {
          for (int n = 0; n < each; ++n) {
            ++seen[static_cast<std::size_t>(numbers.receive().value())];
          }
        }));
      }
      for (auto& one : all) one.join();
      for (const auto& count : seen) EXPECT_EQ(count, parties);
    }
  });
}

TEST(select_go, a_receive_that_does_not_wait_finds_a_value_or_that_it_is_closed) {
  run(with_loops(2), [] {
    for (int n = 0; n < rounds(2'000); ++n) {
      channel<int> one(1);
      one.send(1);
      auto closer = spawn([&] {
        select(on_receive(one, ignore), otherwise([] { ADD_FAILURE() << "the channel is ready"; }));
      });
      one.close();
      closer.join();
      EXPECT_EQ(one.receive(), std::nullopt);
    }
  });
}

TEST(select_go, of_two_channels_of_which_one_is_always_ready_never_finds_none) {
  run(with_loops(2), [] {
    for (int n = 0; n < rounds(5'000); ++n) {
      channel<int> first(1);
      channel<int> second(1);
      first.send(1);
      bool found_none = false;
      auto chooser = spawn([&] {
        select(on_receive(first, ignore), on_receive(second, ignore),
               otherwise([&] { found_none = true; }));
      });
      second.send(1);
      select(on_receive(first, ignore), otherwise(nothing));
      chooser.join();
      EXPECT_FALSE(found_none);
    }
  });
}

TEST(select_go, of_a_channel_about_to_close_and_one_with_a_value_never_finds_none) {
  run(with_loops(2), [] {
    for (int n = 0; n < rounds(5'000); ++n) {
      channel<int> first(1);
      channel<int> second(0);
      first.send(1);
      bool found_none = false;
      auto chooser = spawn([&] {
        select(on_receive(first, ignore), on_receive(second, ignore),
               otherwise([&] { found_none = true; }));
      });
      second.close();
      select(on_receive(first, ignore), otherwise(nothing));
      chooser.join();
      EXPECT_FALSE(found_none);
    }
  });
}

TEST(select_go, that_sends_and_receives_on_one_channel_never_gets_its_own_value) {
  for (const std::size_t capacity : {0U, 10U}) {
    run(with_loops(2), [capacity] {
      channel<int> both(capacity);
      std::vector<task<void>> players;
      for (int me = 0; me < 2; ++me) {
        players.push_back(spawn([&, me] {
          for (int n = 0; n < rounds(1'000); ++n) {
            select(on_send(both, me, nothing), on_receive(both, [&](std::optional<int> got) {
                     const bool own = got == me;
                     EXPECT_FALSE(capacity == 0 && own);
                   }));
          }
          // The other may have one turn more to find a partner for.
          both.close();
        }));
      }
      for (auto& each : players) {
        try {
          each.join();
        } catch (const channel_closed&) {
        }
      }
    });
  }
}

TEST(select_go, four_channels_under_stress_pass_all_values) {
  run(with_loops(2), [] {
    const int each = rounds(2'000);
    std::array<std::unique_ptr<channel<int>>, 4> all;
    for (std::size_t n = 0; n < 4; ++n) all[n] = std::make_unique<channel<int>>(n < 2 ? 0 : n);
    std::vector<task<void>> players;
    for (auto& one : all) {
      players.push_back(spawn([&] {
        for (int n = 0; n < each; ++n) one->send(0);
      }));
      players.push_back(spawn([&] {
        for (int n = 0; n < each; ++n) one->receive();
      }));
    }
    // One that sends to all four by select, and one that receives so.
    const auto chooses = [&](auto make_case) {
      return [&all, each, make_case] {
        std::array<int, 4> left{};
        left.fill(each);
        for (int n = 0; n < 4 * each; ++n) {
          std::vector<decltype(make_case(*all[0]))> cases;
          std::vector<std::size_t> which;
          for (std::size_t c = 0; c < 4; ++c) {
            if (left[c] == 0) continue;
            cases.push_back(make_case(*all[c]));
            which.push_back(c);
          }
          --left[which[select(cases)]];
        }
      };
    };
    players.push_back(spawn(chooses([](auto& to) { return on_send(to, 0, nothing); })));
    players.push_back(spawn(chooses([](auto& from) { return on_receive(from, ignore); })));
    for (auto& one : players) one.join();
    for (auto& one : all) EXPECT_EQ(one->size(), 0U);
  });
}

TEST(select_go, two_busy_senders_get_like_shares_of_a_select) {
  run(with_loops(2), [] {
    const int trials = rounds(10'000);
    channel<int> left(static_cast<std::size_t>(trials) + 1);
    channel<int> right(static_cast<std::size_t>(trials) + 1);
    for (int n = 0; n <= trials; ++n) {
      left.send(1);
      right.send(1);
    }
    channel<int> idle(0);
    int of_left = 0;
    for (int n = 0; n < trials; ++n) {
      const std::size_t which = select(on_receive(idle, ignore), on_receive(idle, ignore),
                                       on_receive(left, ignore), on_receive(right, ignore));
      if (which == 2) ++of_left;
    }
    // 16 standard deviations of a fair coin at 1,000 trials; it does not fail by chance.
    EXPECT_GT(of_left, trials / 4);
    EXPECT_LT(of_left, trials * 3 / 4);
  });
}

TEST(select_go, a_send_case_chosen_at_random_sends_ones_and_zeros) {
  run(with_loops(2), [] {
    const int count = rounds(2'000);
    for (const std::size_t capacity : {0U, 1U, static_cast<unsigned>(count)}) {
      channel<int> bits(capacity);
      std::atomic<int> ones{0};
      auto receiver = spawn([&] {
        for (int n = 0; n < count; ++n) ones += bits.receive().value();
      });
      for (int n = 0; n < count; ++n) select(on_send(bits, 0, nothing), on_send(bits, 1, nothing));
      receiver.join();
      EXPECT_GT(ones, count / 10);
      EXPECT_LT(ones, count * 9 / 10);
    }
  });
}

TEST(select_go, several_consumers_share_all_that_is_sent) {
  run(with_loops(2), [] {
    const int count = rounds(10'000);
    constexpr std::array<int, 8> primes{2, 3, 7, 11, 13, 17, 19, 23};
    channel<int> questions(23 * 4);
    channel<int> answers(23 * 4);
    std::vector<task<void>> consumers;
    for (int n = 0; n < 23; ++n) {
      consumers.push_back(spawn([&] {
        for (const int value : questions) {
          if (value % 7 == 0) this_fiber::yield();
          answers.send(value);
        }
      }));
    }
    std::int64_t expected = 0;
    auto producer = spawn([&] {
      for (int n = 0; n < count; ++n) {
        const int value = primes[static_cast<std::size_t>(n) % primes.size()];
        expected += value;
        questions.send(value);
      }
      questions.close();
      for (auto& each : consumers) each.join();
      answers.close();
    });
    std::int64_t sum = 0;
    for (const int value : answers) sum += value;
    producer.join();
    EXPECT_EQ(sum, expected);
  });
}

/// Uses some of the stack below the wait, so that a frame that is gone would show.
int deep(int depth) {
  std::array<volatile int, 64> frame{};
  frame[static_cast<std::size_t>(depth) % 64] = depth;
  return depth == 0 ? 0 : deep(depth - 1) + frame[static_cast<std::size_t>(depth) % 64] - depth;
}

TEST(select_go, senders_that_wait_keep_their_values_on_their_stacks) {
  run(with_loops(2), [] {
    channel<int> hand(0);
    std::vector<task<void>> senders;
    for (int n = 0; n < 10; ++n) {
      senders.push_back(spawn([&hand, n] {
        for (int k = 0; k < 10; ++k) {
          EXPECT_EQ(deep(20), 0);
          hand.send(n);
        }
      }));
    }
    std::array<int, 10> seen{};
    for (int n = 0; n < 100; ++n) ++seen[static_cast<std::size_t>(hand.receive().value())];
    for (const int count : seen) EXPECT_EQ(count, 10);
    for (auto& each : senders) each.join();
  });
}

TEST(select_go, that_names_a_channel_twice_locks_it_once_and_leaves_it_whole) {
  run(with_any_loops(), [] {
    channel<int> twice(0);
    channel<int> other(0);
    channel<int> done(1);
    auto chooser = spawn([&] {
      select(on_receive(twice, ignore), on_receive(twice, ignore), on_receive(other, ignore));
      done.send(1);
    });
    let_all_run();
    other.send(1);
    EXPECT_EQ(done.receive(), 1);
    int value = 1;
    EXPECT_FALSE(twice.try_send(value)) << "a party was left behind";
    chooser.join();
  });
}

TEST(select_go, many_selects_that_wait_are_each_woken_by_the_channel_that_has_something) {
  run(with_loops(2), [] {
    constexpr std::size_t count = 8;
    std::array<channel<int*>, count> channels{channel<int*>(0), channel<int*>(0), channel<int*>(0),
                                              channel<int*>(0), channel<int*>(0), channel<int*>(0),
                                              channel<int*>(0), channel<int*>(0)};
    int target = 0;
    auto chooser = spawn([&] {
      for (int closed = 0; closed == 0;) {
        std::vector<decltype(on_receive(channels[0], std::function<void(std::optional<int*>)>()))>
            cases;
        for (auto& each : channels) {
          cases.push_back(on_receive(
              each, std::function<void(std::optional<int*>)>(
                        [&](std::optional<int*> to) { to.has_value() ? ++**to : ++closed; })));
        }
        EXPECT_EQ(deep(50), 0);
        select(cases);
      }
    });
    test::random_numbers random(7);
    for (int n = 0; n < rounds(2'000); ++n) {
      channels[random.below(count)].send(&target);
    }
    channels[0].close();
    chooser.join();
    EXPECT_EQ(target, rounds(2'000));
  });
}

TEST(select_go, doubleselect_never_does_two_cases_at_once) {
  run(with_loops(2), [] {
    const int count = rounds(20'000);
    std::array<channel<int>, 4> channels{channel<int>(0), channel<int>(0), channel<int>(0),
                                         channel<int>(0)};
    channel<int> merged(0);
    auto sender = spawn([&] {
      for (int n = 0; n < count; ++n) {
        select(on_send(channels[0], n, nothing), on_send(channels[1], n, nothing),
               on_send(channels[2], n, nothing), on_send(channels[3], n, nothing));
      }
      for (auto& each : channels) each.close();
    });
    std::vector<task<void>> copies;
    for (auto& each : channels) {
      copies.push_back(spawn([&] {
        for (const int n : each) merged.send(n);
      }));
    }
    std::vector<bool> seen(static_cast<std::size_t>(count));
    for (int n = 0; n < count; ++n) {
      const auto number = static_cast<std::size_t>(merged.receive().value());
      EXPECT_FALSE(seen[number]) << number << " was sent twice";
      seen[number] = true;
    }
    sender.join();
    for (auto& each : copies) each.join();
  });
}

TEST(select_go, a_chain_of_filters_sieves_primes) {
  run(with_loops(2), [] {
    std::vector<std::unique_ptr<channel<int>>> stages;
    stages.push_back(std::make_unique<channel<int>>(0));
    task_group filters;
    filters.spawn([&first = *stages[0]] {
      for (int n = 2;; ++n) first.send(n);
    });
    std::vector<int> primes;
    for (int n = 0; n < 40; ++n) {
      channel<int>& from = *stages.back();
      const int prime = from.receive().value();
      primes.push_back(prime);
      stages.push_back(std::make_unique<channel<int>>(0));
      filters.spawn([&from, &to = *stages.back(), prime] {
        for (const int each : from) {
          if (each % prime != 0) to.send(each);
        }
      });
    }
    filters.cancel();
    filters.join();
    EXPECT_EQ(primes.front(), 2);
    EXPECT_EQ(primes.back(), 173);
  });
}

TEST(select_go, a_select_that_has_happened_leaves_no_memory_of_itself) {
  run(with_any_loops(), [] {
    channel<int> busy(0);
    channel<int> never(0);
    auto sender = spawn([&] {
      for (int n = 0; n < 10'000; ++n) busy.send(n);
    });
    for (int n = 0; n < 10'000; ++n) select(on_receive(busy, ignore), on_receive(never, ignore));
    sender.join();
    int value = 1;
    EXPECT_FALSE(never.try_send(value));
  });
}

TEST(select_go, values_without_size_and_large_values_pass) {
  run(with_loops(2), [] {
    channel<std::monostate> empty(1);
    empty.send({});
    EXPECT_TRUE(empty.receive().has_value());
    using large = std::array<int, 1'000>;
    channel<large> wide(0);
    auto sender = spawn([&] {
      large values{};
      values.fill(3);
      wide.send(values);
    });
    EXPECT_EQ((*wide.receive())[999], 3);
    sender.join();
  });
}

TEST(select_go, ten_thousand_fibers_pass_one_value_on) {
  run(with_loops(2), [] {
    const auto count = static_cast<std::size_t>(rounds(10'000));
    std::vector<std::unique_ptr<channel<int>>> hops;
    for (std::size_t n = 0; n <= count; ++n) hops.push_back(std::make_unique<channel<int>>(0));
    std::vector<task<void>> passers;
    for (std::size_t n = 0; n < count; ++n) {
      passers.push_back(
          spawn([&from = *hops[n], &to = *hops[n + 1]] { to.send(from.receive().value() + 1); }));
    }
    hops.front()->send(0);
    EXPECT_EQ(hops.back()->receive(), static_cast<int>(count));
    for (auto& each : passers) each.join();
  });
}

}  // namespace
}  // namespace heddle::sync
