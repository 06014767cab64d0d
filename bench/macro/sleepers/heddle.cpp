// SPDX-License-Identifier: MIT
// P10: fibers that sleep 1..1000 ms, all at once, on warm stacks: a first round warms them.
#include <heddle/runtime.hpp>

#include "macro/sleepers/sleepers.hpp"

namespace {

void round_of_naps(long sleepers, bench::lateness& late) {
  std::vector<heddle::task<void>> all;
  all.reserve(static_cast<std::size_t>(sleepers));
  for (long n = 0; n < sleepers; ++n) {
    all.push_back(heddle::spawn(
        [n, &late] { late.sleep(n, [](auto nap) { heddle::this_fiber::sleep_for(nap); }); }));
  }
  for (auto& each : all) each.join();
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(120);
  const long sleepers = bench::option(argc, argv, "--sleepers", 1'000'000);
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [sleepers] {
    bench::lateness warm_up(sleepers);
    round_of_naps(sleepers, warm_up);
    bench::lateness late(sleepers);
    const bench::stopwatch since;
    round_of_naps(sleepers, late);
    bench::report("cpu_s", since.cpu_ns() / 1e9);
    bench::report("wall_s", since.wall_ns() / 1e9);
    late.report(sleepers);
  });
}
