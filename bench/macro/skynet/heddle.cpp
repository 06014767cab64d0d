// SPDX-License-Identifier: MIT
// P12: skynet by fork_join.
#include <heddle/runtime.hpp>

#include "macro/skynet/skynet.hpp"

#include <utility>

namespace {

long skynet(long first, long leaves) {
  if (leaves == 1) return first;
  const long step = leaves / 10;
  const auto fork = [=]<long... part>(std::integer_sequence<long, part...>) {
    return heddle::fork_join([=] { return skynet(first + part * step, step); }...);
  };
  const auto sums = fork(std::make_integer_sequence<long, 10>{});
  return std::apply([](auto... sum) { return (sum + ...); }, sums);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 60, {.repeats = 5});
  heddle::config settings;
  settings.loops = effort.loops;
  heddle::run(settings, [=] { bench::measure_skynet(effort.repeats, skynet); });
}
