// SPDX-License-Identifier: MIT
// In asyncio: `async with asyncio.timeout(...)` around several awaits, asyncio.wait_for around one.
// Here with_timeout throws and move_on_after goes on without a value; both take a function.
#include <heddle/runtime.hpp>

#include <chrono>
#include <iostream>

namespace {

using namespace std::chrono_literals;

int slow_answer() {
  heddle::this_fiber::sleep_for(1h);
  return 42;
}

}  // namespace

int main() {
  heddle::run([] {
    try {
      const int answer = heddle::with_timeout(5ms, slow_answer);
      std::cout << "the answer is " << answer << '\n';
    } catch (const heddle::timed_out& error) {
      std::cout << error.what() << '\n';
    }
    if (const auto answer = heddle::move_on_after(5ms, slow_answer)) {
      std::cout << "the answer is " << *answer << '\n';
    } else {
      std::cout << "no answer\n";
    }
  });
}
