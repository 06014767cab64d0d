// SPDX-License-Identifier: MIT
// P1: one switch between two fibers that yield to each other, on one loop, beside the bare switch
// of Boost.Context that no fiber library on it can beat. One iteration is two switches: there and
// back; items_per_second counts switches.
#include <heddle/runtime.hpp>

#include <benchmark/benchmark.h>
#include <boost/context/fiber.hpp>
#ifdef HEDDLE_BENCH_BOOST_FIBER
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#endif

#include <cstdint>
#include <utility>

namespace {

/// Says whether the other fiber ran once an iteration; it may be one turn ahead or behind at the
/// end.
void check_turns(benchmark::State& state, std::uint64_t turns_of_other) {
  const auto mine = static_cast<std::uint64_t>(state.iterations());
  if (turns_of_other + 1 < mine || turns_of_other > mine + 1) {
    state.SkipWithError("the other fiber did not take turns");
  }
  state.SetItemsProcessed(state.iterations() * 2);
}

void raw_context(benchmark::State& state) {
  std::uint64_t turns = 0;
  boost::context::fiber other([&turns](boost::context::fiber&& main) {
    for (;;) {
      ++turns;
      main = std::move(main).resume();
    }
    return std::move(main);
  });
  for (auto _ : state) other = std::move(other).resume();
  check_turns(state, turns);
}
BENCHMARK(raw_context);

void heddle_yield(benchmark::State& state) {
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [&state] {
    std::uint64_t turns = 0;
    bool stop = false;
    auto other = heddle::spawn([&] {
      while (!stop) {
        ++turns;
        heddle::this_fiber::yield();
      }
    });
    for (auto _ : state) heddle::this_fiber::yield();
    check_turns(state, turns);
    stop = true;
    other.join();
  });
}
BENCHMARK(heddle_yield);

__attribute__((noinline)) void yield_often(long times, long& turns) {
  for (long n = 0; n < times; ++n) {
    ++turns;
    heddle::this_fiber::yield();
  }
}

/// Both fibers wait at one place in the code, as the fibers of a server do. A core predicts where a
/// return goes from the calls before it; those were the other fiber's, and here they are the same.
void heddle_one_place(benchmark::State& state) {
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [&state] {
    const long times = state.range(0);
    long turns = 0;
    for (auto _ : state) {
      auto other = heddle::spawn([&] { yield_often(times, turns); });
      yield_often(times, turns);
      other.join();
    }
    if (turns == 0 || turns != state.iterations() * times * 2)
      state.SkipWithError("turns were lost");
    state.SetItemsProcessed(turns);
  });
}
BENCHMARK(heddle_one_place)->Arg(1000);

#ifdef HEDDLE_BENCH_BOOST_FIBER
void boost_fiber(benchmark::State& state) {
  std::uint64_t turns = 0;
  bool stop = false;
  boost::fibers::fiber other([&] {
    while (!stop) {
      ++turns;
      boost::this_fiber::yield();
    }
  });
  for (auto _ : state) boost::this_fiber::yield();
  check_turns(state, turns);
  stop = true;
  other.join();
}
BENCHMARK(boost_fiber);
#endif

}  // namespace
