// SPDX-License-Identifier: MIT
// In asyncio: a callback that prints the date and orders itself again by call_later until the time
// is up, and `while True: await asyncio.sleep(1)` as a background task that is cancelled at the
// end. A loop that sleeps until a time, instead of for a while, does not drift.
#include <heddle/runtime.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
  heddle::run([] {
    auto ticking = heddle::spawn([] {
      auto next = heddle::clock::now();
      for (int n = 1;; ++n) {
        std::cout << "tick " << n << std::endl;
        heddle::this_fiber::sleep_until(next += 10ms);
      }
    });
    heddle::this_fiber::sleep_for(35ms);
    ticking.cancel();
    try {
      ticking.join();
    } catch (const heddle::task_cancelled&) {
      std::cout << "no more\n";
    }
  });
}
