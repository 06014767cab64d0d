// SPDX-License-Identifier: MIT
// What the programs in micro/ share: Google Benchmark, and how a benchmark says what it did. Their
// main() is micro_main.cpp's: one line of JSON a repetition, the CPU and the wall time of one item.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace bench {

/// Ends a benchmark of `items`, of which it saw `seen` done; it fails if some were lost.
inline void processed(benchmark::State& state, std::int64_t items, std::int64_t seen) {
  if (seen != items) state.SkipWithError("work was lost");
  state.SetItemsProcessed(items);
}

/// Ends a benchmark that did one item an iteration.
inline void processed(benchmark::State& state, std::int64_t seen) {
  processed(state, state.iterations(), seen);
}

/// Ends a benchmark of switches between two that take turns, there and back each iteration; the
/// other one may be a turn ahead or behind at the end.
inline void took_turns(benchmark::State& state, std::int64_t turns_of_other) {
  const std::int64_t mine = state.iterations();
  const bool alike = turns_of_other >= mine - 1 && turns_of_other <= mine + 1;
  processed(state, 2 * mine, alike ? 2 * mine : 2 * turns_of_other);
}

}  // namespace bench
