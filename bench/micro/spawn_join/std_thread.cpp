// SPDX-License-Identifier: MIT
// P2 by threads: one started and joined.
#include "harness/micro.hpp"

#include <thread>

namespace {

void spawn_join(benchmark::State& state) {
  std::int64_t ran = 0;
  for (auto _ : state) std::thread([&ran] { ++ran; }).join();
  bench::processed(state, ran);
}
BENCHMARK(spawn_join)->MeasureProcessCPUTime();

}  // namespace
