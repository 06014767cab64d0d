// SPDX-License-Identifier: MIT
// P7: a mutex that nobody else wants, locked and unlocked on a fiber.
#include <heddle/runtime.hpp>
#include <heddle/sync/mutex.hpp>

#include "micro/mutex/lock_unlock.hpp"

namespace {

void lock_unlock(benchmark::State& state) {
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [&state] {
    heddle::sync::mutex one;
    bench::lock_and_unlock(state, one);
  });
}
BENCHMARK(lock_unlock);

}  // namespace
