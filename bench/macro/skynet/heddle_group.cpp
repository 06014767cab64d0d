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
  bench::end_after(60);
  heddle::config settings;
  settings.loops = static_cast<unsigned>(bench::option(argc, argv, "--loops", 1));
  const long repeats = bench::option(argc, argv, "--repeats", 5);
  heddle::run(settings, [=] { bench::measure_skynet(repeats, skynet); });
}
