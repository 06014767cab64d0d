// SPDX-License-Identifier: MIT
// The functions that the linker puts in the place of the C library's.
#include "runtime/support/kernel_calls.hpp"

#include "reactor/reactor.hpp"
#include "reactor/tick_timer.hpp"

#include <atomic>
#include <cerrno>
#include <type_traits>
#include <utility>

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

// NOLINTBEGIN(bugprone-reserved-identifier): what the linker calls them
extern "C" {
int __real_epoll_wait(int epoll, epoll_event* events, int most, int milliseconds);
int __real_epoll_pwait2(int epoll, epoll_event* events, int most, const timespec* left,
                        const sigset_t* mask);
int __real_eventfd_write(int event, eventfd_t value);
int __real_sched_yield();
// As it is called: six arguments in registers, of which the kernel looks at as many as it needs.
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace heddle::test {
namespace {

std::atomic<const kernel_calls*> watcher{nullptr};
std::atomic<int> inside{0};
thread_local bool within_a_watcher = false;

/// Calls one of the watcher's functions, if there is a watcher and it has that one.
template <class... Arguments>
void tell(std::function<void(Arguments...)> kernel_calls::*which,
          std::type_identity_t<Arguments>... arguments) {
  if (watcher.load() == nullptr || within_a_watcher) return;
  const int error = errno;
  ++inside;  // and then looked at again: ~watched_calls() does the opposite
  if (const kernel_calls* const calls = watcher.load(); calls != nullptr && calls->*which) {
    within_a_watcher = true;
    (calls->*which)(arguments...);
    within_a_watcher = false;
  }
  --inside;
  errno = error;
}

}  // namespace

watched_calls::watched_calls(kernel_calls calls) : calls_(std::move(calls)) { watcher = &calls_; }

watched_calls::~watched_calls() {
  watcher = nullptr;
  while (inside != 0) __real_sched_yield();
}

bool watched_calls::possible() {
  bool seen = false;
  kernel_calls calls;
  calls.after_wake_up = [&seen] { seen = true; };
  const watched_calls watched(std::move(calls));
  const detail::tick_timer tick;
  detail::reactor(tick).wake_up();
  return seen;
}

}  // namespace heddle::test

using heddle::test::kernel_calls;
using heddle::test::tell;

// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {

int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int milliseconds) {
  tell(&kernel_calls::before_poll, epoll, milliseconds != 0);
  const int count = __real_epoll_wait(epoll, events, most, milliseconds);
  tell(&kernel_calls::after_poll);
  return count;
}

int __wrap_epoll_pwait2(int epoll, epoll_event* events, int most, const timespec* left,
                        const sigset_t* mask) {
  tell(&kernel_calls::before_poll, epoll, true);
  const int count = __real_epoll_pwait2(epoll, events, most, left, mask);
  tell(&kernel_calls::after_poll);
  return count;
}

int __wrap_eventfd_write(int event, eventfd_t value) {
  const int outcome = __real_eventfd_write(event, value);
  tell(&kernel_calls::after_wake_up);
  return outcome;
}

int __wrap_sched_yield() {
  tell(&kernel_calls::before_yield);
  return __real_sched_yield();
}

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f) {
  if (number == SYS_membarrier && a == MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
    tell(&kernel_calls::before_heavy_fence);
  }
  return __real_syscall(number, a, b, c, d, e, f);
}
}
// NOLINTEND(bugprone-reserved-identifier)
