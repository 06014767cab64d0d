// SPDX-License-Identifier: MIT
// P7's work: something is guarded by a lock, and changed.
#pragma once

#include "harness/micro.hpp"

namespace bench {

template <class Lockable>
void lock_and_unlock(benchmark::State& state, Lockable& one) {
  std::int64_t guarded = 0;
  for (auto _ : state) {
    one.lock();
    benchmark::DoNotOptimize(++guarded);
    one.unlock();
  }
  processed(state, guarded);
}

}  // namespace bench
