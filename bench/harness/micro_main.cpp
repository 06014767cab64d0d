// SPDX-License-Identifier: MIT
// main() of the programs in micro/: NAME [--ms N] [--repeats N]. Each benchmark runs so long, so
// often, in turns with the others of the program.
#include "harness/harness.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

/// Prints what bench/run.py reads.
class lines final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      bench::require(!run.error_occurred, run.error_message.c_str());
      const auto rate = run.counters.find("items_per_second");  // by CPU time
      bench::require(rate != run.counters.end(), "a benchmark does not say what it processed");
      const double cpu = 1e9 / rate->second;
      const std::string what = ",\"what\":\"" + run.run_name.function_name + "\"";
      bench::report("cpu_ns", cpu, what);
      bench::report("wall_ns", cpu * run.real_accumulated_time / run.cpu_accumulated_time, what);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(120);
  for (int at = 1; at < argc; at += 2) {
    const std::string name = argv[at];
    if ((name == "--ms" || name == "--repeats") && at + 1 < argc) continue;
    std::fprintf(stderr, "usage: %s [--ms N] [--repeats N]\n", argv[0]);
    return 2;
  }
  const double seconds = static_cast<double>(bench::option(argc, argv, "--ms", 50)) / 1e3;
  const long repeats = bench::option(argc, argv, "--repeats", 5);
  std::vector<std::string> words = {argv[0], "--benchmark_min_time=" + std::to_string(seconds),
                                    "--benchmark_repetitions=" + std::to_string(repeats),
                                    "--benchmark_enable_random_interleaving=true"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  lines reporter;
  return benchmark::RunSpecifiedBenchmarks(&reporter) > 0 ? 0 : 1;
}
