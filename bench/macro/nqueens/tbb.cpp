// SPDX-License-Identifier: MIT
// P13: in how many ways 14 queens stand on a board, by oneTBB's task_group: a task for each safe
// column of a row, but the last, which is tried here.
#include "macro/nqueens/board.hpp"

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <numeric>

namespace {

using bench::columns;

long count(const columns& board, int row) {
  if (row == bench::queens) return 1;
  columns room;
  const auto safe = bench::safe_columns(board, row, room);
  if (safe.empty()) return 0;
  std::array<long, bench::queens> counts{};
  tbb::task_group tries;
  for (std::size_t n = 0; n < safe.size(); ++n) {
    auto one = [&found = counts[n], row, next = bench::with_queen(board, row, safe[n])] {
      found = count(next, row + 1);
    };
    n + 1 < safe.size() ? tries.run(one) : void(tries.run_and_wait(one));
  }
  return std::accumulate(counts.begin(), counts.end(), 0L);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 120, {.repeats = 1});
  tbb::task_arena arena(static_cast<int>(effort.loops));
  arena.execute([=] { bench::measure_queens(effort.repeats, count); });
}
