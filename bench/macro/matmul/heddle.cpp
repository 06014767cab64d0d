// SPDX-License-Identifier: MIT
// P13: a product of two matrices, by fork_join: the quadrants of the result, twice.
#include <heddle/runtime.hpp>

#include "macro/matmul/matmul.hpp"

namespace {

using bench::factor;
using bench::product;

void multiply(factor a, factor b, product sum) {
  if (sum.rows <= bench::leaf_rows) return bench::multiply_leaf(a, b, sum);
  for (std::size_t k = 0; k < 2; ++k) {
    const auto part = [&, k](std::size_t down, std::size_t right) {
      return
          [=] { multiply(a.quadrant(down, k), b.quadrant(k, right), sum.quadrant(down, right)); };
    };
    heddle::fork_join(part(0, 0), part(0, 1), part(1, 0), part(1, 1));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 60, {.repeats = 3});
  heddle::config settings;
  settings.loops = effort.loops;
  heddle::run(settings, [=] { bench::measure_matmul(effort.repeats, multiply); });
}
