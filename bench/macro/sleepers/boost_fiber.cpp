// SPDX-License-Identifier: MIT
// P10 for Boost.Fiber: the same sleeps, stacks from one slab (slab_stack.hpp), warmed by a first
// round.
#include "harness/slab_stack.hpp"
#include "macro/sleepers/sleepers.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <memory>

namespace {

void round_of_naps(long sleepers, bench::slab& stacks, bench::lateness& late) {
  std::vector<boost::fibers::fiber> all;
  all.reserve(static_cast<std::size_t>(sleepers));
  for (long n = 0; n < sleepers; ++n) {
    all.emplace_back(std::allocator_arg, bench::slab_stack(stacks), [n, &late] {
      late.sleep(n, [](auto nap) { boost::this_fiber::sleep_for(nap); });
    });
  }
  for (auto& each : all) each.join();
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(240);
  const long sleepers = bench::option(argc, argv, "--sleepers", 1'000'000);
  bench::slab stacks(static_cast<std::size_t>(sleepers));
  bench::lateness warm_up(sleepers);
  round_of_naps(sleepers, stacks, warm_up);
  bench::lateness late(sleepers);
  const bench::stopwatch since;
  round_of_naps(sleepers, stacks, late);
  bench::report("cpu_s", since.cpu_ns() / 1e9);
  bench::report("wall_s", since.wall_ns() / 1e9);
  late.report(sleepers);
}
