// SPDX-License-Identifier: MIT
// P1 by threads: two on one processor hand it to each other, by the kernel.
#include "harness/micro.hpp"

#include <atomic>
#include <thread>

#include <sched.h>

namespace {

void stay_on_this_processor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
  sched_setaffinity(0, sizeof one, &one);
}

void one_switch(benchmark::State& state) {
  stay_on_this_processor();  // the other thread inherits it
  // order: seq_cst, the default — whose turn it is, and all that was done before.
  std::atomic<bool> mine{true};
  std::atomic<bool> stop{false};
  std::int64_t turns = 0;
  std::thread other([&] {
    while (!stop) {
      if (mine) {
        std::this_thread::yield();
      } else {
        ++turns;
        mine = true;
      }
    }
  });
  for (auto _ : state) {
    mine = false;
    while (!mine) std::this_thread::yield();
  }
  stop = true;
  other.join();
  bench::took_turns(state, turns);
}
BENCHMARK(one_switch)->MeasureProcessCPUTime();

}  // namespace
