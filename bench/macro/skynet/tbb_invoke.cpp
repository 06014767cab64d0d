// SPDX-License-Identifier: MIT
// P12: skynet by oneTBB's parallel_invoke.
#include "macro/skynet/skynet.hpp"

#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/task_arena.h>

#include <array>
#include <numeric>
#include <utility>

namespace {

long skynet(long first, long leaves) {
  if (leaves == 1) return first;
  const long step = leaves / 10;
  std::array<long, 10> sums{};
  const auto fork = [&]<std::size_t... part>(std::index_sequence<part...>) {
    tbb::parallel_invoke([&] { sums[part] = skynet(first + long{part} * step, step); }...);
  };
  fork(std::make_index_sequence<10>{});
  return std::accumulate(sums.begin(), sums.end(), 0L);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 60, {.repeats = 5});
  tbb::task_arena arena(static_cast<int>(effort.loops));
  arena.execute([=] { bench::measure_skynet(effort.repeats, skynet); });
}
