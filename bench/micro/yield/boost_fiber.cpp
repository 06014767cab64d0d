// SPDX-License-Identifier: MIT
// P1 by Boost.Fiber: two fibers of one thread yield to each other.
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include "harness/micro.hpp"

namespace {

void one_switch(benchmark::State& state) {
  std::int64_t turns = 0;
  bool stop = false;
  boost::fibers::fiber other([&] {
    while (!stop) {
      ++turns;
      boost::this_fiber::yield();
    }
  });
  for (auto _ : state) boost::this_fiber::yield();
  bench::took_turns(state, turns);
  stop = true;
  other.join();
}
BENCHMARK(one_switch);

}  // namespace
