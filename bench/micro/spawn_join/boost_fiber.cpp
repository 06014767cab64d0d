// SPDX-License-Identifier: MIT
// P2 by Boost.Fiber: one fiber launched and joined.
#include <boost/fiber/fiber.hpp>

#include "harness/micro.hpp"

namespace {

void spawn_join(benchmark::State& state) {
  std::int64_t ran = 0;
  for (auto _ : state) boost::fibers::fiber([&ran] { ++ran; }).join();
  bench::processed(state, ran);
}
BENCHMARK(spawn_join);

}  // namespace
