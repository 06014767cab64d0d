// SPDX-License-Identifier: MIT
// P2: one task spawned and joined, again and again, on one loop (oneTBB: one thread).
#include <heddle/runtime.hpp>

#include <benchmark/benchmark.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#ifdef HEDDLE_BENCH_BOOST_FIBER
#include <boost/fiber/fiber.hpp>
#endif

#include <cstdint>

namespace {

void check_ran(benchmark::State& state, std::uint64_t ran) {
  if (ran != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("tasks were lost");
  state.SetItemsProcessed(state.iterations());
}

void heddle_spawn(benchmark::State& state) {
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [&state] {
    std::uint64_t ran = 0;
    for (auto _ : state) heddle::spawn([&ran] { ++ran; }).join();
    check_ran(state, ran);
  });
}
BENCHMARK(heddle_spawn);

void tbb_task_group(benchmark::State& state) {
  tbb::task_arena arena(1);
  arena.execute([&state] {
    std::uint64_t ran = 0;
    tbb::task_group group;
    for (auto _ : state) {
      group.run([&ran] { ++ran; });
      group.wait();
    }
    check_ran(state, ran);
  });
}
BENCHMARK(tbb_task_group);

#ifdef HEDDLE_BENCH_BOOST_FIBER
void boost_fiber(benchmark::State& state) {
  std::uint64_t ran = 0;
  for (auto _ : state) boost::fibers::fiber([&ran] { ++ran; }).join();
  check_ran(state, ran);
}
BENCHMARK(boost_fiber);
#endif

}  // namespace
