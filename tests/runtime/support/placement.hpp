// SPDX-License-Identifier: MIT
// Where and how a test's threads run: on which CPU, at which priority, for how long.
#pragma once

#include <chrono>

#include <ctime>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace heddle::test {

/// Binds the calling thread, and those it starts, to one of the CPUs allowed, while it lives.
class on_cpu {
 public:
  /// `nth`: of those allowed.
  explicit on_cpu(int nth) {
    ::sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &before_) || nth-- != 0) continue;
      CPU_SET(cpu, &one);
      break;
    }
    ::sched_setaffinity(0, sizeof one, &one);
  }
  ~on_cpu() { ::sched_setaffinity(0, sizeof before_, &before_); }
  on_cpu(const on_cpu&) = delete;
  on_cpu& operator=(const on_cpu&) = delete;

 private:
  cpu_set_t before_{};
};

/// Returns how many CPUs the calling thread may use.
inline int allowed_cpus() {
  cpu_set_t allowed;
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  return CPU_COUNT(&allowed);
}

/// Gives the calling thread the lowest priority, for good.
inline void lower_priority() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 19); }

/// Returns the CPU time that the calling thread has used.
inline std::chrono::nanoseconds thread_cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace heddle::test
