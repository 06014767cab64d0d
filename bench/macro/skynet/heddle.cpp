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
  bench::end_after(60);
  heddle::config settings;
  settings.loops = static_cast<unsigned>(bench::option(argc, argv, "--loops", 1));
  const long repeats = bench::option(argc, argv, "--repeats", 5);
  heddle::run(settings, [=] { bench::measure_skynet(repeats, skynet); });
}
