// SPDX-License-Identifier: MIT
// P7 by a std::mutex of one thread.
#include <mutex>

#include "micro/mutex/lock_unlock.hpp"

namespace {

void lock_unlock(benchmark::State& state) {
  std::mutex one;
  bench::lock_and_unlock(state, one);
}
BENCHMARK(lock_unlock);

}  // namespace
