// SPDX-License-Identifier: MIT
// main() of the programs in micro/: Google Benchmark's, with the watchdog.
#include "harness/harness.hpp"

#include <benchmark/benchmark.h>

int main(int argc, char** argv) {
  bench::end_after(120);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}
