// SPDX-License-Identifier: MIT
// P17 by oneTBB: a function enqueued in an arena, and waited for by a condition variable.
#include "harness/harness.hpp"

#include <tbb/task_arena.h>

#include <atomic>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  using steady = std::chrono::steady_clock;
  const long calls = bench::option(argc, argv, "--calls", 20'000);
  bench::end_after(120);
  tbb::task_arena arena(1, 0);
  std::vector<double> times;
  const bench::stopwatch watch;
  for (long n = 0; n < calls; ++n) {
    const auto began = steady::now();
    std::atomic<bool> done{false};
    arena.enqueue([&done] {
      done = true;
      done.notify_one();
    });
    done.wait(false);
    times.push_back(std::chrono::duration<double, std::micro>(steady::now() - began).count());
  }
  const std::string tags = ",\"rival\":\"tbb\"";
  bench::report("cpu_us", watch.cpu_ns() / 1000 / static_cast<double>(calls), tags);
  bench::report("median_us", bench::quantile(times, 0.5), tags);
  bench::report("p99_us", bench::quantile(times, 0.99), tags);
}
