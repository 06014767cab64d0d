// SPDX-License-Identifier: MIT
// A program under simulation: an hour passes at once. Needs no GoogleTest.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include <chrono>
#include <iostream>

int main() {
  using namespace std::chrono_literals;
  heddle::testing::simulation sim(7);
  const int answer = sim.run([] {
    heddle::sync::channel<int> answers(1);
    const auto sender = heddle::spawn([&answers] {
      heddle::this_fiber::sleep_for(1h);
      answers.send(42);
    });
    return answers.receive().value_or(0);
  });
  std::cout << "hello from a fiber: " << (sim.elapsed() >= 1h ? answer : 0) << '\n';
}
