// SPDX-License-Identifier: MIT
// P13: in how many ways 14 queens stand on a board, by fork_join: the safe columns of a row in
// halves, down to a queen each.
#include <heddle/runtime.hpp>

#include "macro/nqueens/board.hpp"

namespace {

using bench::columns;

long count(const columns& board, int row);

long count_each(const columns& board, int row, std::span<const std::int8_t> safe) {
  if (safe.size() == 1) return count(bench::with_queen(board, row, safe[0]), row + 1);
  const std::size_t half = safe.size() / 2;
  const auto [left, right] =
      heddle::fork_join([&] { return count_each(board, row, safe.first(half)); },
                        [&] { return count_each(board, row, safe.subspan(half)); });
  return left + right;
}

long count(const columns& board, int row) {
  if (row == bench::queens) return 1;
  columns room;
  const auto safe = bench::safe_columns(board, row, room);
  return safe.empty() ? 0 : count_each(board, row, safe);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 120, {.repeats = 1});
  heddle::config settings;
  settings.loops = effort.loops;
  heddle::run(settings, [=] { bench::measure_queens(effort.repeats, count); });
}
