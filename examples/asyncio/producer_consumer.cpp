// SPDX-License-Identifier: MIT
// In asyncio: producers put into an asyncio.Queue, consumers get and say task_done, and the main
// coroutine waits in queue.join() and then cancels the consumers.
#include <heddle/runtime.hpp>
#include <heddle/sync/queue.hpp>

#include <atomic>
#include <iostream>

int main() {
  heddle::run([] {
    heddle::sync::queue<int> jobs(4);
    std::atomic<int> sum{0};
    heddle::task_group workers;
    for (int n = 0; n < 3; ++n) {
      workers.spawn([&] {
        for (;;) {
          const int job = jobs.get();
          heddle::this_fiber::yield();
          sum += job;
          jobs.task_done();
        }
      });
    }
    for (int job = 1; job <= 20; ++job) jobs.put(job);
    jobs.join();
    workers.cancel();
    workers.join();
    std::cout << "sum: " << sum << '\n';
  });
}
