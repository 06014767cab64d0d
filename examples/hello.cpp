// SPDX-License-Identifier: MIT
// Two fibers: one waits for the other without holding up its thread.
#include <heddle/heddle.hpp>

#include <chrono>
#include <iostream>
#include <string>

int main() {
  heddle::run([] {
    auto world = heddle::spawn([] {
      heddle::this_fiber::sleep_for(std::chrono::milliseconds{20});
      return std::string("world");
    });
    std::cout << "hello, ";
    std::cout << world.join() << '\n';
  });
}
