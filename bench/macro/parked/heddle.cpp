// SPDX-License-Identifier: MIT
// P4: what a parked fiber costs in memory: guarded, with the default stack, all of them alive at
// once.
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"

#include <vector>

int main(int argc, char** argv) {
  bench::end_after(120);
  const long fibers = bench::option(argc, argv, "--fibers", 1'000'000);
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [fibers] {
    const double before = bench::status_bytes("VmRSS:") + bench::status_bytes("VmPTE:");
    const bench::stopwatch since;
    struct {
      long parked = 0;
      long woken = 0;
      heddle::wait_queue queue;
    } crowd;
    std::vector<heddle::task<void>> all;
    all.reserve(static_cast<std::size_t>(fibers));
    for (long n = 0; n < fibers; ++n) {
      all.push_back(heddle::spawn([&crowd] {
        ++crowd.parked;
        crowd.queue.wait_unless([] { return false; });
        ++crowd.woken;
      }));
      while (n % 1024 == 0 && crowd.parked <= n) heddle::this_fiber::yield();
    }
    while (crowd.parked < fibers) heddle::this_fiber::yield();
    const double after = bench::status_bytes("VmRSS:") + bench::status_bytes("VmPTE:");
    const long maps = bench::mappings();
    const double started = since.wall_ns();
    const auto unguarded = heddle::runtime::current().stats().unguarded_stacks;
    bench::require(crowd.woken == 0 && crowd.parked == fibers, "not all fibers were parked");
    crowd.queue.wake_all();
    for (auto& each : all) each.join();
    bench::require(crowd.woken == fibers, "not all fibers were woken");
    bench::report("bytes", (after - before) / static_cast<double>(fibers));
    bench::report("mappings", static_cast<double>(maps));
    bench::report("unguarded", static_cast<double>(unguarded));
    bench::report("start_ns", started / static_cast<double>(fibers));
  });
}
