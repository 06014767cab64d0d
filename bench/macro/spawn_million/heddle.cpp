// SPDX-License-Identifier: MIT
// P3 and P19: a million tasks spawned, then joined in order.
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"

#include <vector>

int main(int argc, char** argv) {
  bench::end_after(60);
  constexpr long tasks = 1'000'000;
  heddle::config settings;
  settings.loops = static_cast<unsigned>(bench::option(argc, argv, "--loops", 1));
  const long rounds = bench::option(argc, argv, "--rounds", 4);
  heddle::run(settings, [rounds] {
    const double before = bench::status_bytes("VmRSS:");
    for (long round = 0; round < rounds; ++round) {
      const bench::stopwatch since;
      std::vector<heddle::task<long>> all;
      all.reserve(tasks);
      for (long n = 0; n < tasks; ++n) all.push_back(heddle::spawn([n] { return n; }));
      long sum = 0;
      for (auto& each : all) sum += each.join();
      const double wall = since.wall_ns();
      const double cpu = since.cpu_ns();
      bench::require(sum == tasks * (tasks - 1) / 2, "tasks were lost");
      bench::report(round == 0 ? "cold_wall_ns" : "wall_ns", wall / tasks);
      bench::report(round == 0 ? "cold_cpu_ns" : "cpu_ns", cpu / tasks);
    }
    bench::report("peak_bytes", (bench::status_bytes("VmHWM:") - before) / tasks);
  });
}
