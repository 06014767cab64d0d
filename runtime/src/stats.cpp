// SPDX-License-Identifier: MIT
// Adds up what the loops counted.
#include <heddle/runtime/stats.hpp>

namespace heddle {

namespace {

constexpr std::uint64_t loop_stats::*counters[] = {
    &loop_stats::slices,        &loop_stats::spawned,  &loop_stats::finished,
    &loop_stats::claimed,       &loop_stats::stolen,   &loop_stats::stolen_timers,
    &loop_stats::stolen_events, &loop_stats::injected, &loop_stats::wakeups,
    &loop_stats::parks,         &loop_stats::polls,    &loop_stats::events,
    &loop_stats::timers,        &loop_stats::searches,
};
static_assert(sizeof(loop_stats) == sizeof(counters) / sizeof(counters[0]) * sizeof(std::uint64_t),
              "each counter of loop_stats is listed once");

}  // namespace

loop_stats runtime_stats::total() const {
  loop_stats sum;
  for (const loop_stats& loop : loops) {
    for (const auto counter : counters) sum.*counter += loop.*counter;
  }
  return sum;
}

}  // namespace heddle
