// SPDX-License-Identifier: MIT
// P4 for Boost.Fiber: fibers parked on a condition variable, stacks from one slab (slab_stack.hpp).
#include "harness/harness.hpp"
#include "harness/slab_stack.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>

#include <memory>
#include <mutex>
#include <vector>

int main(int argc, char** argv) {
  bench::end_after(120);
  const long fibers = bench::option(argc, argv, "--fibers", 1'000'000);
  bench::slab stacks(static_cast<std::size_t>(fibers));
  const double before = bench::status_bytes("VmRSS:") + bench::status_bytes("VmPTE:");
  const bench::stopwatch since;
  long parked = 0;
  long woken = 0;
  bool go = false;
  boost::fibers::mutex mutex;
  boost::fibers::condition_variable queue;
  std::vector<boost::fibers::fiber> all;
  all.reserve(static_cast<std::size_t>(fibers));
  for (long n = 0; n < fibers; ++n) {
    all.emplace_back(std::allocator_arg, bench::slab_stack(stacks), [&] {
      std::unique_lock lock(mutex);
      ++parked;
      queue.wait(lock, [&] { return go; });
      ++woken;
    });
    while (n % 1024 == 0 && parked <= n) boost::this_fiber::yield();
  }
  while (parked < fibers) boost::this_fiber::yield();
  const double after = bench::status_bytes("VmRSS:") + bench::status_bytes("VmPTE:");
  const long maps = bench::mappings();
  const double started = since.wall_ns();
  bench::require(woken == 0 && parked == fibers, "not all fibers were parked");
  go = true;
  queue.notify_all();
  for (auto& each : all) each.join();
  bench::require(woken == fibers, "not all fibers were woken");
  bench::report("bytes", (after - before) / static_cast<double>(fibers));
  bench::report("mappings", static_cast<double>(maps));
  bench::report("start_ns", started / static_cast<double>(fibers));
}
