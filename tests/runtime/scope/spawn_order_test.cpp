// SPDX-License-Identifier: MIT
// Children of one fiber that one loop runs start in spawn order there, whoever steals what, however
// they are spawned and joined, and wherever their fiber goes meanwhile.
#include "runtime/scope/spawn_mixture.hpp"
#include "runtime/scope/spawn_orders.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace heddle {
namespace {

using test::diary;
using test::with_loops;

class spawn_order : public testing::TestWithParam<test::way> {};

TEST_P(spawn_order, holds_on_each_loop) {
  constexpr int children = test::rounds(1'000);
  for (const unsigned loops : {1U, 2U, 4U, 8U}) {
    runtime home(with_loops(loops));
    for (int round = 0; round < 10; ++round) {
      diary all(children);
      const bool judged = home.run([&all] {
        return test::runs_undisturbed([&all] { GetParam().spawn_all(children, all); });
      });
      if (judged) all.expect_spawn_order();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(ways, spawn_order, testing::ValuesIn(test::ways_to_spawn),
                         [](const auto& of) { return std::string(of.param.name); });

TEST(order_of_children, holds_for_mixtures_of_all_ways_to_spawn_and_join) {
  for (const unsigned loops : {1U, 2U, 4U, 8U}) {
    config settings = with_loops(loops);
    settings.on_unhandled = [](const unhandled_error&) {};
    runtime home(settings);
    for (std::uint64_t seed = 1; seed <= test::rounds(50U); ++seed) {
      test::spawn_mixture all(seed);
      const bool judged =
          home.run([&all] { return test::runs_undisturbed([&all] { all.run(); }); });
      if (judged) all.expect_spawn_order();
    }
  }
}

TEST(order_of_children, is_not_turned_round_by_whoever_joins_another_s_child) {
  run(with_loops(1), [] {
    std::string order;
    std::vector<task<void>> children;
    test::gate all_spawned;
    auto joiner = spawn([&] {
      spawn([] {}).join();
      all_spawned.wait();
      children.back().join();
    });
    this_fiber::yield();
    for (char name = 'a'; name < 'k'; ++name) {
      children.push_back(spawn([&order, name] { order += name; }));
    }
    all_spawned.open();
    joiner.join();
    children.pop_back();
    for (task<void>& each : children) each.join();
    EXPECT_EQ(order, "abcdefghij");
  });
}

}  // namespace
}  // namespace heddle
