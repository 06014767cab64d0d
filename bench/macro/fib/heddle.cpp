// SPDX-License-Identifier: MIT
// P11 and P19: fib by fork_join. A fork has nothing to do but to fork, so it is all that is
// measured.
#include <heddle/runtime.hpp>

#include "macro/fib/fib.hpp"

namespace {

long fib(int n) {
  if (n < 2) return n;
  const auto [a, b] = heddle::fork_join([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
  return a + b;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 60, {.repeats = 5});
  heddle::config settings;
  settings.loops = effort.loops;
  const auto n = static_cast<int>(bench::option(argc, argv, "--n", 32));
  heddle::run(settings, [=] { bench::measure_fib(effort.repeats, n, fib); });
}
