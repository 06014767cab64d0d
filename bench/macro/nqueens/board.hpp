// SPDX-License-Identifier: MIT
// What the nqueens programs share: the board, and which columns of a row are not attacked.
#pragma once

#include "harness/harness.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace bench {

constexpr int queens = 14;
constexpr long placements = 365'596;  // of that many queens

using columns = std::array<std::int8_t, queens>;  // of a board: where the queen of each row stands

inline bool is_safe(const columns& board, int row, int column) {
  for (int above = 0; above < row; ++above) {
    const int other = board[static_cast<std::size_t>(above)];
    if (other == column || std::abs(other - column) == row - above) return false;
  }
  return true;
}

/// Returns the columns of `row` that no queen above attacks; they lie in `room`.
inline std::span<const std::int8_t> safe_columns(const columns& board, int row, columns& room) {
  std::size_t count = 0;
  for (int column = 0; column < queens; ++column) {
    if (is_safe(board, row, column)) room[count++] = static_cast<std::int8_t>(column);
  }
  return {room.data(), count};
}

inline columns with_queen(columns board, int row, std::int8_t column) {
  board[static_cast<std::size_t>(row)] = column;
  return board;
}

/// Measures `count(board, row)`, how many ways there are to fill the rows from `row` on.
template <class F>
void measure_queens(long repeats, F&& count) {
  measure_each(repeats, 1, [&] {
    require(count(columns{}, 0) == placements, "the number of placements is wrong");
  });
}

}  // namespace bench
