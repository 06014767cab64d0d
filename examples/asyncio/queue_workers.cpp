// SPDX-License-Identifier: MIT
// In asyncio: twenty sleeps in a Queue, three workers that get, sleep and say task_done, join, and
// then how long it took beside what it would have taken in sequence. With Python 3.13's
// Queue.shutdown, as here, the workers need not be cancelled: get raises when there is no more.
#include <heddle/runtime.hpp>
#include <heddle/sync/queue.hpp>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

namespace {

using jobs = heddle::sync::queue<std::chrono::milliseconds>;

int work(jobs& from) {
  int done = 0;
  try {
    for (;; ++done) {
      heddle::this_fiber::sleep_for(from.get());
      from.task_done();
    }
  } catch (const heddle::sync::queue_shut_down&) {
    return done;
  }
}

}  // namespace

int main() {
  heddle::run([] {
    jobs waiting(heddle::sync::unbounded);
    std::chrono::milliseconds in_sequence{0};
    for (int n = 1; n <= 20; ++n) {
      waiting.put(1ms * n);
      in_sequence += 1ms * n;
    }
    waiting.shutdown();  // nothing more will come
    const auto began = heddle::clock::now();
    const auto [a, b, c] =
        heddle::gather([&] { return work(waiting); }, [&] { return work(waiting); },
                       [&] { return work(waiting); });
    const auto took = heddle::clock::now() - began;
    std::cout << "done: " << a + b + c << "\nin sequence: " << in_sequence.count()
              << " ms, by three: " << took / 1ms << " ms\n";
  });
}
