// SPDX-License-Identifier: MIT
// P2: one task spawned and joined, again and again, on one loop.
#include <heddle/runtime.hpp>

#include "harness/micro.hpp"

namespace {

void spawn_join(benchmark::State& state) {
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [&state] {
    std::int64_t ran = 0;
    for (auto _ : state) heddle::spawn([&ran] { ++ran; }).join();
    bench::processed(state, ran);
  });
}
BENCHMARK(spawn_join);

}  // namespace
