// SPDX-License-Identifier: MIT
// The smallest program that needs a working heddle: two fibers that take turns, one answer.
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
