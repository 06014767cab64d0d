// SPDX-License-Identifier: MIT
// P12: skynet by oneTBB's task_group.
#include "macro/skynet/skynet.hpp"

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <array>
#include <numeric>

namespace {

long skynet(long first, long leaves) {
  if (leaves == 1) return first;
  const long step = leaves / 10;
  std::array<long, 10> sums{};
  tbb::task_group parts;
  for (long& sum : sums) {
    parts.run([&sum, first, step] { sum = skynet(first, step); });
    first += step;
  }
  parts.wait();
  return std::accumulate(sums.begin(), sums.end(), 0L);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 60, {.repeats = 5});
  tbb::task_arena arena(static_cast<int>(effort.loops));
  arena.execute([=] { bench::measure_skynet(effort.repeats, skynet); });
}
