// SPDX-License-Identifier: MIT
// P2 by oneTBB: one task of a task_group, waited for, in an arena of one thread.
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include "harness/micro.hpp"

namespace {

void spawn_join(benchmark::State& state) {
  tbb::task_arena arena(1);
  arena.execute([&state] {
    std::int64_t ran = 0;
    tbb::task_group group;
    for (auto _ : state) {
      group.run([&ran] { ++ran; });
      group.wait();
    }
    bench::processed(state, ran);
  });
}
BENCHMARK(spawn_join);

}  // namespace
