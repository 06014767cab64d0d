// SPDX-License-Identifier: MIT
// The slot itself.
#include <heddle/runtime/detail/worker_slot.hpp>

namespace heddle::detail {

extern "C" {
thread_local constinit thread_state* heddle_thread_state = nullptr;
}

__attribute__((noinline)) thread_state* read_thread_state() noexcept {
  asm volatile("" ::: "memory");
  return heddle_thread_state;
}

void set_thread_state(thread_state* state) noexcept { heddle_thread_state = state; }

}  // namespace heddle::detail
