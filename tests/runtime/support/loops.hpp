// SPDX-License-Identifier: MIT
// Small things that most tests of the runtime need: settings, a gate, waiting for a condition.
#pragma once

#include <heddle/runtime.hpp>

#include <chrono>
#include <thread>

namespace heddle::test {

inline config with_loops(unsigned loops) {
  config settings;
  settings.loops = loops;
  return settings;
}

/// Calls `body` on a fiber beside one loop, beside two, and on a plain thread.
template <class Body>
void everywhere(Body body) {
  run(with_loops(1), body);
  run(with_loops(2), body);
  body();
}

/// Closed until opened, then open for ever. For fibers and threads.
class gate {
 public:
  void wait(cancellation mode = cancellation::deliver) {
    const wake_reason why =
        waiters_.wait_unless_nothrow([this]() noexcept { return open_; }, {}, mode);
    throw_if_cancelled(why);
  }
  void open() noexcept {
    waiters_.wake_all(wake_reason::event, [this]() noexcept { open_ = true; });
  }

 private:
  wait_queue waiters_;
  bool open_ = false;
};

/// Gives the core away until `condition()` holds. The case's watchdog ends a wait that is in vain.
template <class Condition>
void wait_until(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

/// As wait_until, but gives up: returns whether the condition came to hold.
template <class Condition>
bool eventually(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

/// As wait_until, on a fiber: other fibers of its loop run meanwhile.
template <class Condition>
void yield_until(Condition condition) {
  while (!condition()) this_fiber::yield();
}

/// On a runtime of one loop: lets every fiber and task that is ready now run until it waits or
/// ends. A loop starts eight tasks between two fibers of its fifo, so 64 turns are enough for 500.
inline void let_all_run() {
  for (int turn = 0; turn < 64; ++turn) this_fiber::yield();
}

/// Parks for ever: until it is cancelled.
inline void park_for_ever() {
  wait_queue nobody;
  nobody.wait_unless([]() noexcept { return false; });
}

}  // namespace heddle::test
