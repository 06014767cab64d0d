// SPDX-License-Identifier: MIT
// A program under simulation: an hour passes at once. Needs no GoogleTest.
#include <heddle/runtime.hpp>
#include <heddle/testing.hpp>

#include <chrono>
#include <iostream>

int main() {
  using namespace std::chrono_literals;
  heddle::testing::simulation sim(7);
  const int answer = sim.run([] {
    heddle::this_fiber::sleep_for(1h);
    return 42;
  });
  std::cout << "hello from a fiber: " << (sim.elapsed() >= 1h ? answer : 0) << '\n';
}
