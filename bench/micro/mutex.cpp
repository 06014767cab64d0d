// SPDX-License-Identifier: MIT
// P7: a mutex that nobody else wants, locked and unlocked, on a fiber; beside two
// read-modify-writes of one word, which no lock with an owner can do without.
#include <heddle/runtime.hpp>
#include <heddle/sync/mutex.hpp>

#include <benchmark/benchmark.h>
#ifdef HEDDLE_BENCH_BOOST_FIBER
#include <boost/fiber/mutex.hpp>
#endif

#include <atomic>
#include <cstdint>
#include <mutex>

namespace {

template <class Lockable>
void lock_and_unlock(benchmark::State& state, Lockable& one) {
  std::uint64_t guarded = 0;
  for (auto _ : state) {
    one.lock();
    benchmark::DoNotOptimize(++guarded);
    one.unlock();
  }
  if (guarded != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("lost");
  state.SetItemsProcessed(state.iterations());
}

/// What costs a lock least: to be taken, and to be given back, each by one of them.
class two_rmw {
 public:
  void lock() noexcept {
    std::uint64_t free = 0;
    // order: acquire — partner: unlock().
    while (!word_.compare_exchange_strong(free, 1, std::memory_order_acquire,
                                          std::memory_order_relaxed)) {
      free = 0;
    }
  }
  void unlock() noexcept {
    // order: release — partner: lock(). Its result is used: clang makes a store of it otherwise.
    benchmark::DoNotOptimize(word_.exchange(0, std::memory_order_release));
  }

 private:
  std::atomic<std::uint64_t> word_{0};
};

void rmw_pair(benchmark::State& state) {
  two_rmw one;
  lock_and_unlock(state, one);
}
BENCHMARK(rmw_pair);

void heddle_mutex(benchmark::State& state) {
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [&state] {
    heddle::sync::mutex one;
    lock_and_unlock(state, one);
  });
}
BENCHMARK(heddle_mutex);

void std_mutex(benchmark::State& state) {
  std::mutex one;
  lock_and_unlock(state, one);
}
BENCHMARK(std_mutex);

#ifdef HEDDLE_BENCH_BOOST_FIBER
void boost_fiber(benchmark::State& state) {
  boost::fibers::mutex one;
  lock_and_unlock(state, one);
}
BENCHMARK(boost_fiber);
#endif

}  // namespace
