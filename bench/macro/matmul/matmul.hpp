// SPDX-License-Identifier: MIT
// What the matmul programs share: square matrices of int, views of their quadrants, and the plain
// loops for those that are small enough.
#pragma once

#include "harness/harness.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bench {

constexpr std::size_t matrix_rows = 1024;
constexpr std::size_t leaf_rows = 32;

/// A square part of a matrix.
template <class T>
struct square {
  T* first;
  std::size_t rows;

  T* row(std::size_t n) const { return first + n * matrix_rows; }
  square quadrant(std::size_t down, std::size_t right) const {
    const std::size_t half = rows / 2;
    return {row(down * half) + right * half, half};
  }
};
using factor = square<const int>;
using product = square<int>;

inline void multiply_leaf(factor a, factor b, product sum) {
  for (std::size_t i = 0; i < sum.rows; ++i) {
    for (std::size_t k = 0; k < sum.rows; ++k) {
      const int left = a.row(i)[k];
      for (std::size_t j = 0; j < sum.rows; ++j) sum.row(i)[j] += left * b.row(k)[j];
    }
  }
}

/// Measures `multiply(a, b, sum)`, which adds the product of a and b to sum.
template <class F>
void measure_matmul(long repeats, F&& multiply) {
  const std::vector<int> a(matrix_rows * matrix_rows, 1);
  const std::vector<int> b(matrix_rows * matrix_rows, 2);
  std::vector<int> sum(matrix_rows * matrix_rows);
  constexpr int expected = 2 * matrix_rows;
  measure_each(repeats, 1, [&] {
    std::fill(sum.begin(), sum.end(), 0);
    multiply(factor{a.data(), matrix_rows}, factor{b.data(), matrix_rows},
             product{sum.data(), matrix_rows});
    const bool is_right = std::all_of(sum.begin(), sum.end(), [](int n) { return n == expected; });
    require(is_right, "the product is wrong");
  });
}

}  // namespace bench
