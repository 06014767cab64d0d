// SPDX-License-Identifier: MIT
// Children that are kept where one would not expect it: of an outer join that never gets its turn
// by itself, and of a group that stands where another one stood.
#include <heddle/runtime.hpp>

#include "runtime/support/compute.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::compute_for;
using test::with_loops;

TEST(kept_children, of_an_outer_join_begin_though_many_flat_joins_could_be_meant) {
  constexpr int flat_joins = 20;
  constexpr auto child_takes = 500us;
  config settings = with_loops(1);
  settings.slow_slice = 0s;
  run(settings, [&] {
    std::atomic<bool> over{false};
    int flat_children = 0;
    std::vector<task<void>> flat;
    for (int n = 0; n < flat_joins; ++n) {
      flat.push_back(spawn([&] {
        while (!over) {
          task_group group;
          for (int k = 0; k < 250; ++k) {
            group.spawn([&] {
              if (over) return;
              ++flat_children;
              compute_for(child_takes);
            });
          }
          group.join();
        }
      }));
    }
    for (int n = 0; n < 3; ++n) this_fiber::yield();
    flat_children = 0;
    int before = 0;
    task_group outer;
    outer.spawn([&] {  // never ends by itself
      while (!over && flat_children < 20'000) {
        task_group inner;
        for (int k = 0; k < 8; ++k) inner.spawn([] {});
        inner.join();
      }
    });
    outer.spawn([&] {
      before = flat_children;
      over = true;
    });
    outer.join();
    for (task<void>& each : flat) each.join();
    // 0.3 s after 600 of them. When flat joins, for which nobody waits, had moments too: 9,000.
    EXPECT_LT(before, 3'000);
  });
}

TEST(kept_children, of_an_outer_join_begin_at_once_when_it_is_their_turn) {
  config settings = with_loops(1);
  settings.slow_slice = 0s;
  run(settings, [] {
    std::atomic<bool> over{false};
    char last = ' ';
    char before = ' ';
    auto waits = spawn([&] {
      for (; !over; this_fiber::yield()) last = 'w';
    });
    this_fiber::yield();
    task_group outer;
    outer.spawn([&] {
      const clock::time_point until = clock::now() + 20s;
      while (!over && clock::now() < until) {
        task_group inner;
        for (int k = 0; k < 200; ++k) inner.spawn([&last] { last = 'i'; });
        inner.join();
      }
    });
    outer.spawn([&] {
      before = last;
      over = true;
    });
    outer.join();
    waits.join();
    EXPECT_EQ(before, 'i') << "what waits on the loop went first, and a younger sibling could have";
  });
}

TEST(kept_children, are_not_kept_for_another_s_group_that_stands_where_their_fiber_s_own_stood) {
  runtime home(with_loops(2));
  home.run([] {
    alignas(task_group) std::array<std::byte, sizeof(task_group)> room;
    const auto group = [&room] { return std::launder(reinterpret_cast<task_group*>(room.data())); };
    std::atomic<int> step{0};
    std::atomic<int> ran{0};
    const auto counts = [&ran] { ++ran; };
    auto maker = spawn({.loop = 0}, [&] {
      (new (room.data()) task_group)->spawn(counts);
      step = 1;
      while (step < 2) std::this_thread::yield();  // it leaves its stack to nobody
      group()->spawn(counts);
      step = 3;
    });
    auto other = spawn({.loop = 1}, [&] {
      while (step < 1) this_fiber::yield();
      group()->join();
      group()->~task_group();
      (new (room.data()) task_group)->spawn(counts);
      step = 2;
      while (step < 3) std::this_thread::yield();
      group()->join();
      group()->~task_group();
    });
    maker.join();
    other.join();
    EXPECT_EQ(ran, 3);
  });
  // Sleeps, because what is looked at is what happens while nothing is to be done: beside a nest
  // that is never empty again the other loop would search for ever.
  const std::uint64_t searches = home.stats().total().searches;
  std::this_thread::sleep_for(100ms);
  EXPECT_LT(home.stats().total().searches - searches, 100U);
}

}  // namespace
}  // namespace heddle
