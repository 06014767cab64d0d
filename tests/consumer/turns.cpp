// SPDX-License-Identifier: MIT
// Two fibers that take turns: what a yield compiles to stands in the caller.
#include <heddle/heddle.hpp>

#include <iostream>

int main() {
  const int answer = heddle::run([] {
    int turns = 0;
    auto other = heddle::spawn([&turns] {
      ++turns;
      heddle::this_fiber::yield();
      return 39;
    });
    while (turns == 0) heddle::this_fiber::yield();
    return other.join() + 2 + turns;
  });
  std::cout << "hello from a fiber: " << answer << '\n';
}
