// SPDX-License-Identifier: MIT
// Signal mask and affinity of a loop's thread.
#include "base/loop_thread.hpp"

#include "base/cpu_count.hpp"

#include <pthread.h>

#include <vector>

namespace heddle::detail {

loop_thread::loop_thread(settings how) : for_handlers_(how.handles_signals) {
  // A write to a closed pipe or socket is an error of that write, not the end of the process.
  sigset_t pipe_signal;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &signals_before_);
  if (!how.pin) return;
  const std::vector<unsigned> cpus = allowed_cpus();
  const unsigned cpu = cpus[how.index % cpus.size()];
  if (cpu >= CPU_SETSIZE) return;
  if (::pthread_getaffinity_np(::pthread_self(), sizeof cpus_before_, &cpus_before_) != 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  pinned_ = ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one) == 0;
}

loop_thread::~loop_thread() {
  if (pinned_) ::pthread_setaffinity_np(::pthread_self(), sizeof cpus_before_, &cpus_before_);
  // A signal that came meanwhile is one of a write that has had its error: it must not end the
  // process now.
  const timespec at_once{0, 0};
  sigset_t pipe_signal;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  if (::sigismember(&signals_before_, SIGPIPE) == 0) {
    ::sigtimedwait(&pipe_signal, nullptr, &at_once);
  }
  ::pthread_sigmask(SIG_SETMASK, &signals_before_, nullptr);
}

}  // namespace heddle::detail
