// SPDX-License-Identifier: MIT
// The smallest program that needs a working heddle: two fibers, one answer.
#include <heddle/heddle.hpp>

#include <iostream>

int main() {
  const int answer = heddle::run([] {
    auto other = heddle::spawn([] { return 40; });
    return other.join() + 2;
  });
  std::cout << "hello from a fiber: " << answer << '\n';
}
