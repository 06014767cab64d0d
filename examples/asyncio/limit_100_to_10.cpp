// SPDX-License-Identifier: MIT
// In asyncio: a hundred coroutines, each inside `async with semaphore`, of which ten run at a time.
// (heddle::map with a limit of ten does the same without a semaphore.)
#include <heddle/runtime.hpp>
#include <heddle/sync/semaphore.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <mutex>

int main() {
  heddle::run([] {
    heddle::sync::semaphore places(10);
    std::mutex counting;
    int now = 0;
    int most = 0;
    heddle::task_group calls;
    for (int n = 0; n < 100; ++n) {
      calls.spawn([&] {
        const heddle::sync::permit place(places, 1);
        {
          const std::lock_guard guard(counting);
          most = std::max(most, ++now);
        }
        heddle::this_fiber::sleep_for(std::chrono::milliseconds{1});
        const std::lock_guard guard(counting);
        --now;
      });
    }
    calls.join();
    std::cout << "most at a time: " << most << '\n';
  });
}
