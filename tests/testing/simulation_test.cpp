// SPDX-License-Identifier: MIT
// What a simulated run gives back, and what is the same in each.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>
#include <heddle/testing/fault_proxy.hpp>
#include <heddle/testing/simulation.hpp>

#include "runtime/support/placement.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::testing::simulation;
using heddle::testing::simulation_options;

/// Ten fibers that yield and sleep; returns the order in which they got along.
std::vector<int> stroll() {
  std::vector<int> order;
  heddle::task_group all;
  for (int n = 0; n < 10; ++n) {
    all.spawn([n, &order] {
      for (int step = 0; step < 3; ++step) {
        order.push_back(n);
        step == 1 ? heddle::this_fiber::sleep_for(1ms * (n % 3)) : heddle::this_fiber::yield();
      }
    });
  }
  all.join();
  return order;
}

TEST(simulation, gives_the_value_of_the_body) {
  EXPECT_EQ(simulation(1).run([] { return 42; }), 42);
}

TEST(simulation, gives_the_exception_of_the_body) {
  simulation sim(1);
  EXPECT_THROW(sim.run([] { throw std::out_of_range("planned"); }), std::out_of_range);
}

TEST(simulation, runs_all_fibers_on_the_calling_thread) {
  std::set<std::thread::id> threads;
  simulation(3).run([&] {
    heddle::task_group all;
    for (int n = 0; n < 20; ++n) {
      all.spawn([&threads] {
        threads.insert(std::this_thread::get_id());
        heddle::this_fiber::yield();
        threads.insert(std::this_thread::get_id());
      });
    }
    all.join();
  });
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

TEST(simulation, the_same_seed_gives_the_same_run) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    simulation one(seed);
    simulation other(seed);
    const std::vector<int> order = one.run(stroll);
    EXPECT_EQ(order, other.run(stroll));
    EXPECT_EQ(one.trace(), other.trace());
    EXPECT_EQ(order, one.run(stroll)) << "the second run of one simulation";
    EXPECT_EQ(one.digest(), other.digest());
  }
}

TEST(simulation, a_seed_gives_the_same_run_on_every_machine) {
  // A change of the scheduler may change what a seed does; of the machine, nothing may.
  simulation sim(42);
  sim.run(stroll);
  EXPECT_EQ(sim.digest(), 9484375526880112240U) << sim.trace();
}

TEST(simulation, timers_that_are_due_at_once_come_in_every_order) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    simulation sim(simulation_options{.seed = seed, .loops = 1});
    orders.insert(sim.run([] {
      std::string order;
      heddle::task_group all;
      const heddle::deadline when = heddle::deadline::after(1s);
      for (const char name : {'a', 'b', 'c'}) {
        all.spawn([&order, when, name] {
          heddle::this_fiber::sleep_until(when);
          order += name;
        });
      }
      all.join();
      return order;
    }));
  }
  EXPECT_EQ(orders.size(), 6U);
}

TEST(simulation, the_digest_tells_what_the_trace_does) {
  std::set<std::string> traces;
  std::set<std::uint64_t> digests;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    simulation sim(simulation_options{.seed = seed, .loops = 4});
    sim.run([] { heddle::spawn([] {}).join(); });
    traces.insert(sim.trace());
    digests.insert(sim.digest());
  }
  EXPECT_GT(traces.size(), 10U);
  EXPECT_EQ(digests.size(), traces.size());
}

TEST(simulation, other_seeds_give_other_runs) {
  std::set<std::vector<int>> orders;
  std::set<std::uint64_t> digests;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    simulation sim(seed);
    orders.insert(sim.run(stroll));
    digests.insert(sim.digest());
  }
  EXPECT_GT(orders.size(), 90U);
  EXPECT_GT(digests.size(), 95U);
}

TEST(simulation, a_thousand_fibers_sleep_ten_seconds_in_no_time) {
  const auto began = heddle::test::thread_cpu_time();
  simulation sim(7);
  const auto slept = sim.run([] {
    const auto start = heddle::clock::now();
    heddle::task_group all;
    for (int n = 0; n < 1000; ++n) {
      all.spawn([n] {
        for (int nap = 0; nap < 10; ++nap) heddle::this_fiber::sleep_for(999ms + 1us * n);
      });
    }
    all.join();
    return heddle::clock::now() - start;
  });
  EXPECT_GE(slept, 10s);
  EXPECT_LT(slept, 11s);
  EXPECT_GE(sim.elapsed(), 10s);
  // CPU time of this thread, which is the only one; about 10 ms of it.
  EXPECT_LT(heddle::test::thread_cpu_time() - began, heddle::test::sanitized ? 10s : 200ms);
}

TEST(simulation, a_deadlock_is_told_with_who_waits_for_whom) {
  simulation sim(5);
  try {
    sim.run([] {
      heddle::sync::mutex left;
      heddle::sync::mutex right;
      heddle::task_group both;
      const auto take = [](heddle::sync::mutex& first, heddle::sync::mutex& second) {
        return [&first, &second] {
          const std::lock_guard one(first);
          heddle::this_fiber::sleep_for(1ms);
          const std::lock_guard two(second);
        };
      };
      both.spawn({.name = "lefty"}, take(left, right));
      both.spawn({.name = "righty"}, take(right, left));
      both.join();
    });
    FAIL() << "no deadlock";
  } catch (const heddle::testing::deadlock& found) {
    EXPECT_NE(std::string(found.what()).find("lefty"), std::string::npos) << found.what();
    EXPECT_NE(std::string(found.what()).find("righty"), std::string::npos) << found.what();
    EXPECT_NE(std::string(found.what()).find("held by fiber"), std::string::npos) << found.what();
  }
}

TEST(simulation, after_a_deadlock_the_next_run_is_a_fresh_one) {
  simulation sim(5);
  EXPECT_THROW(sim.run([] { heddle::sync::event().wait(); }), heddle::testing::deadlock);
  EXPECT_EQ(sim.run([] { return 1; }), 1);
}

TEST(simulation, a_fiber_that_polls_for_ever_is_found) {
  simulation sim(simulation_options{.most_turns = 1000});
  EXPECT_THROW(sim.run([] {
    for (const auto end = heddle::clock::now() + 1ms; heddle::clock::now() < end;) {
      heddle::this_fiber::yield();
    }
  }),
               heddle::testing::endless);
}

TEST(simulation, what_the_body_left_running_is_cancelled_and_listed) {
  simulation sim(2);
  bool unwound = false;
  sim.run([&unwound] {
    heddle::spawn({.name = "straggler"}, [&unwound] {
      try {
        heddle::this_fiber::sleep_for(1h);
      } catch (const heddle::cancelled&) {
        unwound = true;
        throw;
      }
    }).detach();
    heddle::this_fiber::sleep_for(1ms);  // until it sleeps
  });
  EXPECT_TRUE(unwound);
  EXPECT_NE(sim.left_behind().find("straggler"), std::string::npos) << sim.left_behind();
  EXPECT_LT(sim.elapsed(), 1h);
}

TEST(simulation, a_wake_up_from_another_thread_is_an_error) {
  simulation sim(4);
  EXPECT_THROW(sim.run([] {
    heddle::sync::event set;
    auto waiter = heddle::spawn([&] { set.wait(); });
    heddle::this_fiber::sleep_for(1ms);  // until it waits
    std::jthread([&set] { set.set(); }).join();
    waiter.join();
  }),
               std::logic_error);
}

TEST(simulation, a_spawn_from_another_thread_is_an_error) {
  simulation sim(4);
  bool refused = false;
  EXPECT_THROW(sim.run([&refused] {
    heddle::runtime& here = heddle::runtime::current();
    std::jthread([&] {
      try {
        here.spawn([] {}).join();
      } catch (const std::logic_error&) {
        refused = true;
      }
    }).join();
  }),
               std::logic_error);
  EXPECT_TRUE(refused);
}

/// Leaves a fiber that waits, shielded, for `never`.
void abandon_a_fiber(heddle::sync::event& never) {
  simulation sim(1);
  EXPECT_THROW(sim.run([&never] { heddle::shield([&never] { never.wait(); }); }),
               heddle::testing::deadlock);
}

TEST(simulation, a_fiber_that_was_abandoned_may_be_woken_long_after) {
  heddle::sync::event late;
  abandon_a_fiber(late);
  std::jthread([&late] { late.set(); }).join();
  late.set();
}

TEST(simulation, what_is_abandoned_keeps_no_descriptors) {
  // Never destroyed: somebody waits in them.
  static auto& never = *new std::array<heddle::sync::event, 3>;
  abandon_a_fiber(never[0]);
  const auto before = heddle::test::process_counts::now().descriptors;
  abandon_a_fiber(never[1]);
  abandon_a_fiber(never[2]);
  EXPECT_EQ(heddle::test::process_counts::now().descriptors, before);
}

TEST(simulation, what_runs_on_pools_sees_the_callers_context_there_too) {
  using namespace heddle;
  context_var<int> request(0);
  simulation(1).run([&request] {
    request.set(5);
    EXPECT_EQ(blocking([&request] { return request.get(); }), 5);
    EXPECT_EQ(cpu([&request] { return request.get(); }), 5);
    parallel_for(0, 20, [&request](int) { EXPECT_EQ(request.get(), 5); });
    request.set(6);
    EXPECT_EQ(parallel_reduce(
                  blocked_range(0, 20), 0,
                  [&request](const auto& part, int sum) {
                    return sum + request.get() * static_cast<int>(part.size());
                  },
                  [&request](int left, int right) {
                    EXPECT_EQ(request.get(), 6);
                    return left + right;
                  }),
              120);
  });
}

TEST(simulation, in_a_fiber_is_an_error) {
  heddle::run([] {
    simulation sim(1);
    EXPECT_THROW(sim.run([] {}), std::logic_error);
  });
}

TEST(simulation, a_fault_proxy_is_refused) {
  simulation sim(1);
  EXPECT_THROW(
      sim.run([] { heddle::testing::fault_proxy nowhere(heddle::io::endpoint("127.0.0.1:9")); }),
      std::logic_error);
}

TEST(simulation, bad_options_are_named) {
  EXPECT_THROW(simulation(simulation_options{.loops = 0}), std::invalid_argument);
  EXPECT_THROW(simulation(simulation_options{.loops = 65}), std::invalid_argument);
  EXPECT_THROW(simulation(simulation_options{.schedule = "two"}), std::invalid_argument);
  EXPECT_THROW(simulation(simulation_options{.schedule = "2/3:0"}), std::invalid_argument);
  EXPECT_THROW(simulation(simulation_options{.schedule = "2/3:1,3:1"}), std::invalid_argument);
  EXPECT_NO_THROW(simulation(simulation_options{.schedule = "2/3:1,4:1"}));
}

}  // namespace
