// SPDX-License-Identifier: MIT
// In asyncio: create_task, sleep a little, task.cancel(); the coroutine meets CancelledError in its
// await, cleans up, lets it go on; whoever awaits the task catches CancelledError. Here the task
// meets `cancelled`, and whoever joins it gets task_cancelled: nobody takes it for their own.
#include <heddle/runtime.hpp>

#include <chrono>
#include <iostream>

namespace {

using namespace std::chrono_literals;

void work() {
  try {
    std::cout << "working\n";
    heddle::this_fiber::sleep_for(1h);
  } catch (const heddle::cancelled&) {
    // Cleaning up may wait as well, if it is shielded; best with a deadline.
    heddle::shield([] { heddle::this_fiber::sleep_for(1ms); });
    std::cout << "cleaned up\n";
    throw;
  }
}

}  // namespace

int main() {
  heddle::run([] {
    auto task = heddle::spawn(work);
    heddle::this_fiber::sleep_for(5ms);
    task.cancel();
    try {
      task.join();
    } catch (const heddle::task_cancelled&) {
      std::cout << "it was cancelled\n";
    }
  });
}
