// SPDX-License-Identifier: MIT
// P7's floor: two read-modify-writes of one word, which no lock with an owner can do without.
#include "micro/mutex/lock_unlock.hpp"

#include <atomic>

namespace {

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

void lock_unlock(benchmark::State& state) {
  two_rmw one;
  bench::lock_and_unlock(state, one);
}
BENCHMARK(lock_unlock);

}  // namespace
