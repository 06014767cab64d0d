// SPDX-License-Identifier: MIT
// Many callers, one lookup: who leads, who follows, and that nobody is forgotten.
#include "dns/flights.hpp"

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle::io::detail {
namespace {

using namespace std::chrono_literals;

lookup_result found(std::chrono::seconds ttl = 60s) { return {{}, {"127.0.0.1:0"}, ttl, true}; }

/// A lookup that ends when the test says so, and counts.
struct held_lookup {
  test::gate let_go;
  std::atomic<int> begun{0};

  flights::lookup call() {
    return [this](const std::string&, deadline) {
      ++begun;
      let_go.wait();
      return found();
    };
  }
};

TEST(flights, ask_once_for_all_who_wait) {
  heddle::run(test::with_loops(1), [] {
    const resolver_options options;
    held_lookup held;
    flights all(options, held.call());
    std::vector<task<shared_result>> callers;
    for (int i = 0; i < 100; ++i) callers.push_back(spawn([&] { return all.find("a", {}); }));
    test::let_all_run();
    EXPECT_EQ(all.under_way(), 1U);
    held.let_go.open();
    const shared_result first = callers.front().join();
    for (std::size_t i = 1; i < callers.size(); ++i) EXPECT_EQ(callers[i].join(), first);
    EXPECT_EQ(held.begun, 1);
    EXPECT_EQ(all.under_way(), 0U);
    EXPECT_EQ(all.find("a", {}), first);  // out of the cache
  });
}

TEST(flights, go_on_with_the_next_when_the_leader_is_cancelled) {
  heddle::run(test::with_loops(1), [] {
    const resolver_options options;
    held_lookup held;
    flights all(options, held.call());
    std::vector<task<shared_result>> callers;
    for (int i = 0; i < 10; ++i) callers.push_back(spawn([&] { return all.find("a", {}); }));
    test::let_all_run();
    for (std::size_t i = 0; i < 9; ++i) {
      callers[i].cancel();
      EXPECT_THROW(callers[i].join(), task_cancelled);
      test::let_all_run();
      EXPECT_EQ(held.begun, static_cast<int>(i) + 2);
    }
    held.let_go.open();
    EXPECT_FALSE(callers.back().join()->error);
    EXPECT_EQ(all.under_way(), 0U);
  });
}

TEST(flights, leave_nothing_when_all_are_cancelled) {
  heddle::run(test::with_loops(1), [] {
    const resolver_options options;
    held_lookup held;
    flights all(options, held.call());
    std::vector<task<shared_result>> callers;
    for (int i = 0; i < 10; ++i) callers.push_back(spawn([&] { return all.find("a", {}); }));
    test::let_all_run();
    for (auto& each : callers) each.cancel();
    for (auto& each : callers) EXPECT_THROW(each.join(), task_cancelled);
    EXPECT_EQ(all.under_way(), 0U);
    EXPECT_EQ(all.remembered(), 0U);
    held.let_go.open();
    EXPECT_FALSE(all.find("a", {})->error);
  });
}

TEST(flights, go_on_when_the_leaders_own_time_is_over) {
  heddle::run(test::with_loops(1), [] {
    resolver_options options;
    options.timeout = 1h;
    flights all(options, [](const std::string&, deadline limit) {
      this_fiber::sleep_until(std::min(limit, deadline::after(200ms)));
      return limit.passed() ? lookup_result{dns_errc::timed_out} : found();
    });
    task<shared_result> hasty = spawn([&] { return all.find("a", deadline::after(20ms)); });
    task<shared_result> patient = spawn([&] { return all.find("a", {}); });
    EXPECT_EQ(hasty.join()->error, dns_errc::timed_out);
    EXPECT_FALSE(patient.join()->error);
  });
}

TEST(flights, give_up_on_a_leader_at_ones_own_deadline) {
  heddle::run(test::with_loops(1), [] {
    const resolver_options options;
    held_lookup held;
    flights all(options, held.call());
    task<shared_result> leader = spawn([&] { return all.find("a", {}); });
    test::let_all_run();
    EXPECT_EQ(all.find("a", deadline::after(10ms))->error, dns_errc::timed_out);
    held.let_go.open();
    EXPECT_FALSE(leader.join()->error);
  });
}

TEST(flights, hand_an_exception_to_the_leader_only) {
  heddle::run(test::with_loops(1), [] {
    const resolver_options options;
    test::gate let_go;
    int calls = 0;
    flights all(options, [&](const std::string&, deadline) {
      let_go.wait();
      if (calls++ == 0) throw resource_exhausted("no thread");
      return found();
    });
    task<shared_result> leader = spawn([&] { return all.find("a", {}); });
    task<shared_result> next = spawn([&] { return all.find("a", {}); });
    test::let_all_run();
    let_go.open();
    EXPECT_THROW(leader.join(), resource_exhausted);
    EXPECT_FALSE(next.join()->error);
  });
}

TEST(flights, are_so_many_at_once_and_no_more) {
  heddle::run(test::with_loops(1), [] {
    resolver_options options;
    options.lookups_at_once = 3;
    held_lookup held;
    flights all(options, held.call());
    std::vector<task<shared_result>> callers;
    for (int i = 0; i < 10; ++i) {
      callers.push_back(spawn([&, i] { return all.find("name" + std::to_string(i), {}); }));
    }
    test::let_all_run();
    EXPECT_EQ(held.begun, 3);
    callers[3].cancel();  // from the line
    callers[0].cancel();  // from the lookup
    test::let_all_run();
    EXPECT_EQ(held.begun, 4);
    held.let_go.open();
    int good = 0;
    for (auto& each : callers) {
      try {
        good += each.join()->error ? 0 : 1;
      } catch (const task_cancelled&) {
        continue;
      }
    }
    EXPECT_EQ(good, 8);
    EXPECT_EQ(held.begun, 9);
  });
}

TEST(flights, remember_within_the_limits_of_the_options) {
  heddle::run(test::with_loops(1), [] {
    resolver_options options;
    options.shortest_ttl = 100s;
    int asked = 0;
    flights kept(options, [&](const std::string&, deadline) {
      ++asked;
      return found(0s);
    });
    kept.find("a", {});
    kept.find("a", {});
    EXPECT_EQ(asked, 1);
    options.shortest_ttl = 0s;
    options.longest_ttl = 0s;
    kept.clear();
    kept.find("a", {});
    kept.find("a", {});
    EXPECT_EQ(asked, 3);
  });
}

TEST(flights, remember_no_failure_that_may_pass) {
  heddle::run(test::with_loops(1), [] {
    const resolver_options options;
    for (const dns_errc each : {dns_errc::timed_out, dns_errc::server_failed, dns_errc::refused,
                                dns_errc::unreachable, dns_errc::bad_answer}) {
      flights all(options, [&](const std::string&, deadline) { return lookup_result{each}; });
      EXPECT_EQ(all.find("a", {})->error, each);
      EXPECT_EQ(all.remembered(), 0U);
    }
  });
}

/// Callers of few names on two loops, with leaders cancelled at random: nobody hangs, and what is
/// left in the end is nothing.
TEST(flights, lose_nobody_in_a_storm_of_cancellations) {
  heddle::run(test::with_loops(2), [] {
    resolver_options options;
    options.lookups_at_once = 2;
    options.longest_ttl = 0s;
    flights all(options, [](const std::string&, deadline) {
      for (int turn = 0; turn < 3; ++turn) this_fiber::yield();
      return found();
    });
    test::random_numbers random(1);
    std::atomic<int> answered{0};
    for (int round = 0; round < 100; ++round) {
      std::vector<task<void>> callers;
      for (int i = 0; i < 40; ++i) {
        callers.push_back(spawn([&, i] {
          if (!all.find("name" + std::to_string(i % 4), {})->error) ++answered;
        }));
      }
      for (auto& each : callers) {
        if (random.once_in(2)) each.cancel();
        if (random.once_in(8)) this_fiber::yield();
      }
      for (auto& each : callers) {
        try {
          each.join();
        } catch (const task_cancelled&) {
          continue;
        }
      }
      ASSERT_EQ(all.under_way(), 0U);
    }
    EXPECT_GT(answered, 1000);
  });
}

}  // namespace
}  // namespace heddle::io::detail
