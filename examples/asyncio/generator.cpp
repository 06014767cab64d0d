// SPDX-License-Identifier: MIT
// In asyncio: `async def` with `yield` makes an asynchronous generator, `async for` consumes it,
// and leaving the loop early is the trap: the generator is closed some time later, by the
// collector. Here it is closed, and has cleaned up, when the loop has been left.
#include <heddle/runtime.hpp>

#include <chrono>
#include <iostream>

namespace {

heddle::generator<int> ticks(std::chrono::milliseconds every) {
  return [every](auto& yield) {
    struct closes {
      ~closes() { std::cout << "closed\n"; }
    } const at_end;
    for (int n = 1;; ++n) {
      heddle::this_fiber::sleep_for(every);
      yield(n);
    }
  };
}

}  // namespace

int main() {
  heddle::run([] {
    for (const int tick : ticks(std::chrono::milliseconds{1})) {
      std::cout << "tick " << tick << '\n';
      if (tick == 3) break;
    }
    std::cout << "after the loop\n";
  });
}
