// SPDX-License-Identifier: MIT
// Counted by a handler of pthread_atfork(). Relaxed: a child begins with one thread, which counts
// before it goes on.
#include "base/forks.hpp"

#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace heddle::detail {

namespace {

void (*then_call)() = nullptr;
thread_local constinit bool runs_left_fiber = false;

void count() {
  forks.fetch_add(1, std::memory_order_relaxed);
  then_call();
}

}  // namespace

void note_left_fiber() noexcept { runs_left_fiber = true; }

void end_left_fiber() noexcept {
  if (runs_left_fiber) end_forked_child();
}

void end_forked_child() noexcept {
  std::fputs(
      "heddle: a fiber has called fork(), and waits in the child: there it may only go on to exec "
      "or _exit; use io::process instead of fork()\n",
      stderr);
  std::abort();
}

void count_forks(void (*in_child)()) {
  static const bool counted = [in_child] {
    then_call = in_child;
    if (::pthread_atfork(nullptr, nullptr, &count) != 0) throw std::bad_alloc();
    return true;
  }();
  static_cast<void>(counted);
}

}  // namespace heddle::detail
