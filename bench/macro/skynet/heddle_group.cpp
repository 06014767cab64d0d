// SPDX-License-Identifier: MIT
// P12: skynet by task_group.
#include <heddle/runtime.hpp>

#include "macro/skynet/skynet.hpp"

#include <array>
#include <numeric>

namespace {

long skynet(long first, long leaves) {
  if (leaves == 1) return first;
  const long step = leaves / 10;
  std::array<long, 10> sums{};
  heddle::task_group parts;
  for (long& sum : sums) {
    parts.spawn([&sum, first, step] { sum = skynet(first, step); });
    first += step;
  }
  parts.join();
  return std::accumulate(sums.begin(), sums.end(), 0L);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 60, {.repeats = 5});
  heddle::config settings;
  settings.loops = effort.loops;
  heddle::run(settings, [=] { bench::measure_skynet(effort.repeats, skynet); });
}
