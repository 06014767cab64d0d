// SPDX-License-Identifier: MIT
// P11: fib on Boost.Fiber, one thread: a fiber for one call, the other is made here. Its stacks
// come from a pool: with a mapping for each fiber it takes twice as long.
#include "macro/fib/fib.hpp"

#include <boost/fiber/all.hpp>
#include <boost/fiber/pooled_fixedsize_stack.hpp>

namespace {

boost::fibers::pooled_fixedsize_stack stacks(16 * 1024);

long fib(int n) {
  if (n < 2) return n;
  long a = 0;
  boost::fibers::fiber other(boost::fibers::launch::post, std::allocator_arg, stacks,
                             [&a, n] { a = fib(n - 1); });
  const long b = fib(n - 2);
  other.join();
  return a + b;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::effort effort = bench::begin(argc, argv, 60, {.repeats = 5});
  const auto n = static_cast<int>(bench::option(argc, argv, "--n", 20));
  bench::measure_fib(effort.repeats, n, fib);
}
