// SPDX-License-Identifier: MIT
// Children of one fiber that one loop runs start in spawn order there, under a thousand schedules
// of up to five loops for each way to spawn them.
#include <heddle/testing/simulation.hpp>

#include "runtime/scope/spawn_mixture.hpp"
#include "runtime/scope/spawn_orders.hpp"
#include "runtime/support/sanitized.hpp"
#include "sched/worker.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>

namespace {

heddle::testing::simulation_options options_of(int seed) {
  heddle::testing::simulation_options options;
  options.seed = static_cast<std::uint64_t>(seed);
  options.loops = 2 + static_cast<unsigned>(seed % 4);
  options.settings.on_unhandled = [](const heddle::unhandled_error&) {};
  return options;
}

TEST(order_of_children_under_seeds, holds_for_mixtures_of_all_ways_to_spawn_and_join) {
  const int seeds = heddle::test::rounds(500);
  for (int seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    heddle::testing::simulation simulated(options_of(seed));
    heddle::test::spawn_mixture all(static_cast<std::uint64_t>(seed));
    simulated.run([&all] { all.run(); });
    all.expect_spawn_order();
  }
}

/// Whether some child began on a loop that had stolen nothing since its last one: it was taken
/// together with that, and held.
bool some_are_held(int seed) {
  constexpr int children = 40;
  bool held = false;
  heddle::testing::simulation simulated(options_of(seed));
  simulated.run([&held] {
    using heddle::detail::worker;
    const worker* const home = worker::current();
    std::map<const worker*, std::uint64_t> stolen_before;
    heddle::task_group all;
    for (int n = 0; n < children; ++n) {
      all.spawn({.stack_bytes = 64 * 1024}, [&] {  // not to be kept, but in the deque
        const worker* const here = worker::current();
        const std::uint64_t stolen = here->counters().stolen.value();
        const auto [before, first] = stolen_before.try_emplace(here, stolen);
        if (here != home && !first && before->second == stolen) held = true;
        before->second = stolen;
      });
    }
    all.join();
  });
  return held;
}

TEST(order_of_children_under_seeds, is_looked_at_while_thieves_hold_some) {
  int with_held = 0;
  for (int seed = 1; seed <= 20; ++seed) with_held += some_are_held(seed) ? 1 : 0;
  EXPECT_GE(with_held, 10);
}

class spawn_order_under_seeds : public ::testing::TestWithParam<heddle::test::way> {};

TEST_P(spawn_order_under_seeds, holds_on_each_loop) {
  constexpr int children = 40;
  const int seeds = heddle::test::rounds(1'000);
  for (int seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    heddle::testing::simulation simulated(options_of(seed));
    heddle::test::diary all(children);
    simulated.run([&all] { GetParam().spawn_all(children, all); });
    SCOPED_TRACE("seed " + std::to_string(seed));
    all.expect_spawn_order();
  }
}

INSTANTIATE_TEST_SUITE_P(ways, spawn_order_under_seeds,
                         ::testing::ValuesIn(heddle::test::ways_to_spawn),
                         [](const auto& of) { return std::string(of.param.name); });

}  // namespace
