// SPDX-License-Identifier: MIT
// Small things that most tests of the runtime need: settings, a gate, waiting for a condition.
// A program that defines HEDDLE_TEST_SIMULATED has some of them from testing/simulated/run.hpp, so
// that the same cases run there under a seed.
#pragma once

#include <heddle/runtime.hpp>

#if defined(HEDDLE_TEST_SIMULATED)
#include "testing/simulated/run.hpp"
#endif

#include <chrono>
#include <thread>

namespace heddle::test {

#if !defined(HEDDLE_TEST_SIMULATED)
inline config with_loops(unsigned loops) {
  config settings;
  settings.loops = loops;
  return settings;
}

/// For a case that holds on any number of loops, but needs let_all_run(), which knows one loop
/// only: one. Under a seed it is any number.
inline config with_any_loops() { return with_loops(1); }

/// What a thread does while it has nothing to do but to look again.
inline void give_way() { std::this_thread::yield(); }

/// The same for a fiber: others of its loop go on.
inline void let_others_run() { this_fiber::yield(); }

/// A thread that a case starts in a fiber of run(). Under a seed it is one more fiber.
using plain_thread = std::thread;

/// Calls `body` on a fiber beside one loop, beside two, and on a plain thread.
template <class Body>
void everywhere(Body body) {
  run(with_loops(1), body);
  run(with_loops(2), body);
  body();
}

/// On a runtime of one loop: lets every fiber and task that is ready now run until it waits or
/// ends. A loop starts eight tasks between two fibers of its fifo, so 64 turns are enough for 500.
inline void let_all_run() {
  for (int turn = 0; turn < 64; ++turn) this_fiber::yield();
}
#endif

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
  while (!condition()) give_way();
}

/// As wait_until, but gives up: returns whether the condition came to hold.
template <class Condition>
bool eventually(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    give_way();
  }
  return true;
}

/// As wait_until, on a fiber: other fibers of its loop run meanwhile.
template <class Condition>
void yield_until(Condition condition) {
  while (!condition()) let_others_run();
}

/// Parks for ever: until it is cancelled.
inline void park_for_ever() {
  wait_queue nobody;
  nobody.wait_unless([]() noexcept { return false; });
}

}  // namespace heddle::test
