// SPDX-License-Identifier: MIT
// P21: what loops do to one another while they run a million tasks, by the runtime's own counters:
// does it grow with the loops, on the same cores? The tasks come as a tree of forks, as one group,
// and as a thousand groups, one after the other.
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"
#include "macro/fib/fib.hpp"

namespace {

long fib(int n) {
  if (n < 2) return n;
  const auto [a, b] = heddle::fork_join([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
  return a + b;
}

void run_groups(long groups, long tasks_each) {
  for (long n = 0; n < groups; ++n) {
    heddle::task_group group;
    for (long each = 0; each < tasks_each; ++each) {
      group.spawn([] {});  // what it wrote would be shared too
    }
    group.join();
  }
}

/// How many times a loop wrote a cache line that another one uses as its own or as a common one: a
/// steal takes from the victim's queue and ends in the spawner's group; a wake-up changes who
/// searches, the set of the parked, and an eventfd; a park changes that set and the count of the
/// parked, there and back. Not in it: the start of a search that finds something before it parks.
double writes_of(const heddle::loop_stats& counts) {
  return static_cast<double>(2 * counts.stolen + counts.injected + 3 * counts.wakeups +
                             4 * counts.parks);
}

/// Calls `work()`, of so many tasks, several times, and reports the growth of each counter for a
/// million tasks.
template <class F>
void count(const std::string& shape, double tasks, F&& work) {
  constexpr int rounds = 4;
  const std::string tags = ",\"shape\":\"" + shape + "\"";
  const heddle::loop_stats before = heddle::runtime::current().stats().total();
  const bench::stopwatch since;
  for (int n = 0; n < rounds; ++n) work();
  const double wall = since.wall_ns();
  const heddle::loop_stats after = heddle::runtime::current().stats().total();
  const double millions = rounds * tasks / 1e6;
  const auto report = [&](const char* metric, double growth) {
    bench::report(metric, growth / millions, tags);
  };
  report("steals", static_cast<double>(after.stolen - before.stolen));
  report("wakeups", static_cast<double>(after.wakeups - before.wakeups));
  report("parks", static_cast<double>(after.parks - before.parks));
  report("writes", writes_of(after) - writes_of(before));
  bench::report("wall_ns", wall / (rounds * tasks), tags);
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(60);
  heddle::config settings;
  settings.loops = static_cast<unsigned>(bench::option(argc, argv, "--loops", 2));
  heddle::run(settings, [] {
    constexpr int n = 30;
    count("forks", static_cast<double>(bench::fib_of(n + 1) - 1),
          [] { bench::require(fib(n) == bench::fib_of(n), "fib is wrong"); });
    count("a group", 1e6, [] { run_groups(1, 1'000'000); });
    count("groups", 1e6, [] { run_groups(1000, 1000); });
  });
}
