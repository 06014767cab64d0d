// SPDX-License-Identifier: MIT
// P11: fib by oneTBB's parallel_invoke.
#include "macro/fib/fib.hpp"

#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/task_arena.h>

namespace {

long fib(int n) {
  if (n < 2) return n;
  long a = 0;
  long b = 0;
  tbb::parallel_invoke([&] { a = fib(n - 1); }, [&] { b = fib(n - 2); });
  return a + b;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 60, {.repeats = 5});
  const auto n = static_cast<int>(bench::option(argc, argv, "--n", 32));
  tbb::task_arena arena(static_cast<int>(effort.loops));
  arena.execute([=] { bench::measure_fib(effort.repeats, n, fib); });
}
