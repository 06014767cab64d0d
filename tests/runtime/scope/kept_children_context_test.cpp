// SPDX-License-Identifier: MIT
// Children that stay with their group though they have a name, or inherit a context: as deep, as
// cheap, and with what is theirs.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <numeric>
#include <string>

namespace heddle {
namespace {

using test::with_loops;

constexpr int levels = 4;
constexpr long leaves = 10'000;

/// Counts the leaves of a tree of groups of ten that `is_right` holds in.
template <class Spawn, class Right>
long count_leaves(int level, Spawn spawn_in, Right is_right) {
  if (!is_right()) return 0;
  if (level == 0) return 1;
  std::array<long, 10> counts{};
  task_group parts;
  for (long& count : counts) {
    spawn_in(parts, [&count, level, spawn_in, is_right] {
      count = count_leaves(level - 1, spawn_in, is_right);
    });
  }
  parts.join();
  return std::accumulate(counts.begin(), counts.end(), 0L);
}

TEST(kept_children, with_a_context_to_inherit_are_started_depth_first) {
  for (const unsigned loops : {1U, 2U}) {
    runtime home(with_loops(loops));
    home.run([] {
      context_var<std::string> request;
      request.set("a request");
      const auto plain = [](task_group& in, auto body) { in.spawn(std::move(body)); };
      EXPECT_EQ(count_leaves(levels, plain, [&] { return request.get() == "a request"; }), leaves);
    });
    EXPECT_LE(home.stats().stacks, 200U) << loops;
  }
}

TEST(kept_children, with_names_are_started_depth_first) {
  for (const unsigned loops : {1U, 2U}) {
    runtime home(with_loops(loops));
    home.run([] {
      const auto named = [](task_group& in, auto body) {
        in.spawn({.name = "part"}, std::move(body));
      };
      EXPECT_EQ(count_leaves(levels, named, [] { return true; }), leaves);
    });
    EXPECT_LE(home.stats().stacks, 200U) << loops;
  }
}

TEST(kept_children, that_want_a_stack_of_their_own_get_it_and_the_others_stay_in_order) {
  run(with_loops(1), [] {
    std::string order;
    std::size_t had = 0;
    task_group group;
    group.spawn([&] { order += 'a'; });
    group.spawn({.stack_bytes = 1U << 20}, [&] {
      order += 'b';
      std::array<volatile char, 600'000> large;
      for (std::size_t n = 0; n < large.size(); n += 4096) large[n] = 1;
      had = large.size();
    });
    group.spawn([&] { order += 'c'; });
    group.join();
    EXPECT_EQ(order, "abc");
    EXPECT_EQ(had, 600'000U);
  });
}

TEST(kept_children, see_what_their_maker_had_set_when_it_spawned_them) {
  run(with_loops(1), [] {
    context_var<int> number;
    std::string seen;
    task_group group;
    for (int n = 1; n <= 3; ++n) {
      number.set(n);
      group.spawn([&] {
        seen += std::to_string(number.get());
        number.set(9);  // nobody else's
      });
    }
    group.join();
    EXPECT_EQ(seen, "123");
    EXPECT_EQ(number.get(), 3);
  });
}

}  // namespace
}  // namespace heddle
