// SPDX-License-Identifier: MIT
// asyncio's first program: a coroutine prints a word, awaits asyncio.sleep, prints another, and
// asyncio.run starts it. Here any function may wait: none is marked, and nothing is awaited.
#include <heddle/runtime.hpp>

#include <chrono>
#include <iostream>

namespace {

void say_hello() {
  std::cout << "hello\n";
  heddle::this_fiber::sleep_for(std::chrono::milliseconds{20});
  std::cout << "world\n";
}

}  // namespace

int main() { heddle::run(say_hello); }
