// SPDX-License-Identifier: MIT
// Stops the library at its calls of the kernel, which are where one thread's step ends and
// another's may come between: so a test can force an order that a race would rarely bring. The
// linker redirects the calls (--wrap); the library knows nothing of it. Invariants: (1) while
// nobody watches a call is only passed on; (2) calls that these functions make themselves are
// passed on, too. Not with shared libraries, whose calls the linker leaves alone.
#pragma once

#include <functional>

namespace heddle::test {

/// What is done at each call, on the thread that makes it; any may be empty.
struct kernel_calls {
  /// `sleeps`: the call may wait for events of the epoll set `epoll`.
  std::function<void(int epoll, bool sleeps)> before_poll;
  std::function<void()> after_poll;
  /// After a write to an eventfd: the library's way to wake a loop.
  std::function<void()> after_wake_up;
  /// Before the core is given away, as those do who wait for a few instructions of another thread.
  std::function<void()> before_yield;
  /// Before every thread of the process is made to pass a barrier.
  std::function<void()> before_heavy_fence;
};

/// Watches the calls of all threads until it ends; it then waits for those who are inside.
class watched_calls {
 public:
  explicit watched_calls(kernel_calls calls);
  ~watched_calls();
  watched_calls(const watched_calls&) = delete;
  watched_calls& operator=(const watched_calls&) = delete;

  /// Returns whether the library's calls come by here.
  static bool possible();

 private:
  const kernel_calls calls_;
};

}  // namespace heddle::test
