// SPDX-License-Identifier: MIT
// P8: one task spawned, cancelled before it runs or while it is parked, and joined, on one loop;
// beside spawn and join alone.
#include <heddle/runtime.hpp>

#include "harness/micro.hpp"

#include <chrono>

namespace {

template <class Round>
void measure(benchmark::State& state, Round round) {
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [&state, &round] {
    std::int64_t ended = 0;
    for (auto _ : state) round(ended);
    bench::processed(state, ended);
  });
}

void spawn_join(benchmark::State& state) {
  measure(state, [](std::int64_t& ended) { heddle::spawn([&ended] { ++ended; }).join(); });
}
BENCHMARK(spawn_join);

/// It begins cancelled, and never waits.
void cancel_before_start(benchmark::State& state) {
  measure(state, [](std::int64_t& ended) {
    auto one = heddle::spawn([&ended] { ++ended; });
    one.cancel();
    one.join();
  });
}
BENCHMARK(cancel_before_start);

/// It is left by an exception from where it waits.
void cancel_parked(benchmark::State& state) {
  measure(state, [](std::int64_t& ended) {
    auto one = heddle::spawn([&ended] {
      heddle::waiter nobody_wakes;
      ended += nobody_wakes.wait() == heddle::wake_reason::cancelled ? 1 : 0;
    });
    heddle::this_fiber::yield();
    one.cancel();
    one.join();
  });
}
BENCHMARK(cancel_parked);

/// It sleeps, and is left by an exception through its frames; the join says so by another.
void cancel_sleeping(benchmark::State& state) {
  measure(state, [](std::int64_t& ended) {
    auto one = heddle::spawn([] { heddle::this_fiber::sleep_for(std::chrono::hours(1)); });
    heddle::this_fiber::yield();
    one.cancel();
    try {
      one.join();
    } catch (const heddle::task_cancelled&) {
      ++ended;
    }
  });
}
BENCHMARK(cancel_sleeping);

}  // namespace
