// SPDX-License-Identifier: MIT
// P1: one switch between two fibers that yield to each other, on one loop. An iteration is two
// switches, there and back.
#include <heddle/runtime.hpp>

#include "harness/micro.hpp"

namespace {

void one_switch(benchmark::State& state) {
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [&state] {
    std::int64_t turns = 0;
    bool stop = false;
    auto other = heddle::spawn([&] {
      while (!stop) {
        ++turns;
        heddle::this_fiber::yield();
      }
    });
    for (auto _ : state) heddle::this_fiber::yield();
    bench::took_turns(state, turns);
    stop = true;
    other.join();
  });
}
BENCHMARK(one_switch);

__attribute__((noinline)) void yield_often(std::int64_t times, std::int64_t& turns) {
  for (std::int64_t n = 0; n < times; ++n) {
    ++turns;
    heddle::this_fiber::yield();
  }
}

/// Both fibers wait at one place in the code, as the fibers of a server do. A core predicts where a
/// return goes from the calls before it; those were the other fiber's, and here they are the same.
void at_one_place(benchmark::State& state) {
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [&state] {
    constexpr std::int64_t times = 1000;
    std::int64_t turns = 0;
    for (auto _ : state) {
      auto other = heddle::spawn([&] { yield_often(times, turns); });
      yield_often(times, turns);
      other.join();
    }
    bench::processed(state, 2 * times * state.iterations(), turns);
  });
}
BENCHMARK(at_one_place);

}  // namespace
