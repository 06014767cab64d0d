// SPDX-License-Identifier: MIT
// P7 by Boost.Fiber's mutex, on the main fiber.
#include <boost/fiber/mutex.hpp>

#include "micro/mutex/lock_unlock.hpp"

namespace {

void lock_unlock(benchmark::State& state) {
  boost::fibers::mutex one;
  bench::lock_and_unlock(state, one);
}
BENCHMARK(lock_unlock);

}  // namespace
