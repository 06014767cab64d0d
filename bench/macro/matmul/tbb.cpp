// SPDX-License-Identifier: MIT
// P13: a product of two matrices, by oneTBB's task_group: the quadrants of the result, twice.
#include "macro/matmul/matmul.hpp"

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

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
    tbb::task_group quadrants;
    quadrants.run(part(0, 0));
    quadrants.run(part(0, 1));
    quadrants.run(part(1, 0));
    quadrants.run(part(1, 1));
    quadrants.wait();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 60, {.repeats = 3});
  tbb::task_arena arena(static_cast<int>(effort.loops));
  arena.execute([=] { bench::measure_matmul(effort.repeats, multiply); });
}
