// SPDX-License-Identifier: MIT
// P7 by oneTBB's spin_mutex, which has no owner and lets nobody sleep.
#include <oneapi/tbb/spin_mutex.h>

#include "micro/mutex/lock_unlock.hpp"

namespace {

void lock_unlock(benchmark::State& state) {
  tbb::spin_mutex one;
  bench::lock_and_unlock(state, one);
}
BENCHMARK(lock_unlock);

}  // namespace
