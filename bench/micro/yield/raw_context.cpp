// SPDX-License-Identifier: MIT
// P1's floor: the bare switch of Boost.Context, that no fiber library on it can beat.
#include <boost/context/fiber.hpp>

#include "harness/micro.hpp"

#include <utility>

namespace {

void one_switch(benchmark::State& state) {
  std::int64_t turns = 0;
  boost::context::fiber other([&turns](boost::context::fiber&& main) {
    for (;;) {
      ++turns;
      main = std::move(main).resume();
    }
    return std::move(main);
  });
  for (auto _ : state) other = std::move(other).resume();
  bench::took_turns(state, turns);
}
BENCHMARK(one_switch);

}  // namespace
