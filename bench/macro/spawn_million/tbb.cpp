// SPDX-License-Identifier: MIT
// P3: a million tasks spawned, then waited for, by oneTBB's task_group.
#include "harness/harness.hpp"

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>

int main(int argc, char** argv) {
  bench::end_after(60);
  constexpr long tasks = 1'000'000;
  const long rounds = bench::option(argc, argv, "--rounds", 4);
  tbb::task_arena arena(1);
  arena.execute([rounds] {
    const double before = bench::status_bytes("VmRSS:");
    for (long round = 0; round < rounds; ++round) {
      const bench::stopwatch since;
      long sum = 0;
      tbb::task_group group;
      for (long n = 0; n < tasks; ++n) group.run([n, &sum] { sum += n; });
      group.wait();
      const double wall = since.wall_ns();
      const double cpu = since.cpu_ns();
      bench::require(sum == tasks * (tasks - 1) / 2, "tasks were lost");
      bench::report(round == 0 ? "cold_wall_ns" : "wall_ns", wall / tasks);
      bench::report(round == 0 ? "cold_cpu_ns" : "cpu_ns", cpu / tasks);
    }
    bench::report("peak_bytes", (bench::status_bytes("VmHWM:") - before) / tasks);
  });
}
