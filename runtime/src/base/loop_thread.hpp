// SPDX-License-Identifier: MIT
// What a thread is given while it runs a loop, and what it gets back afterwards: a caller of
// heddle::run lends its thread as loop 0 and must find it as it was.
#pragma once

#include "base/alternate_stack.hpp"

#include <sched.h>
#include <signal.h>

namespace heddle::detail {

class loop_thread {
 public:
  struct settings {
    bool pin;              // to the index-th allowed CPU
    unsigned index;        // of the loop
    bool handles_signals;  // needs a stack for handlers
  };
  explicit loop_thread(settings how);
  ~loop_thread();
  loop_thread(const loop_thread&) = delete;
  loop_thread& operator=(const loop_thread&) = delete;

 private:
  alternate_stack for_handlers_;
  sigset_t signals_before_;
  cpu_set_t cpus_before_;
  bool pinned_ = false;
};

}  // namespace heddle::detail
