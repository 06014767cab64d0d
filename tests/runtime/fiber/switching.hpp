// SPDX-License-Identifier: MIT
// Moves the running fiber to another thread, for certain: what the tests of the switch need.
#pragma once

#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/thread_now.hpp"

#include <atomic>
#include <memory>

namespace heddle::test {

/// Suspends the running fiber of a runtime of two loops; it goes on on the thread of the other
/// loop.
inline void migrate() {
  struct meeting {
    std::atomic<bool> old_loop_is_busy{false};
    std::atomic<bool> arrived{false};
    gate crossing;
  };
  const auto shared = std::make_shared<meeting>();
  const long before = thread_now();
  for (const unsigned loop : {0U, 1U}) {
    spawn({.loop = loop}, [shared, before] {
      if (thread_now() == before) {
        shared->old_loop_is_busy = true;  // so that it cannot take the fiber back
        wait_until([&] { return shared->arrived.load(); });
      } else {
        wait_until([&] { return shared->old_loop_is_busy.load(); });
        shared->crossing.open();  // wakes the fiber here
      }
    }).detach();
  }
  shared->crossing.wait(cancellation::shield);
  shared->arrived = true;
}

}  // namespace heddle::test
