// SPDX-License-Identifier: MIT
// The one door to thread-local state.
// A fiber may go on after a suspension on another thread, but a compiler may compute the address of
// a thread_local once per function and reuse it after the switch: both g++ and clang do at -O2. So
// what runs on a fiber names a thread_local through this file only, whose reader they cannot cache
// (those of plain threads: fiber/parker.cpp, fiber/task_storage.cpp). It is a public header because
// locks ask it who calls, in code that is inlined into users'. Invariants: (1) the slot holds the
// thread's loop, or null on a plain thread; (2) current_thread_state() is evaluated anew at each
// call.
#pragma once

#include <heddle/runtime/error.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::detail {

class branch_deque;

/// What a loop's thread says of itself.
struct thread_state {
  fiber_id caller = fiber_id::none;  // whose body runs; none on the root context
  // Of the running fiber, 0 while nothing asks it to look up; null on the root context.
  const std::atomic<std::uint32_t>* attention = nullptr;
  std::uint32_t budget = 0;  // operations without a wait that are left to this slice
  bool in_turns = false;     // a policy gives them, to several loops: end_turn() before operations
  // The number, given once, of a loop that is the only one of its runtime, if threads can be made
  // to pass a heavy fence; 0 if not.
  std::uint64_t lone_loop = 0;
  branch_deque* branches = nullptr;  // of the running fiber
};

extern "C" {
extern thread_local constinit thread_state* heddle_thread_state
    __attribute__((tls_model("initial-exec")));
}

/// The portable reader: an opaque call, which the compiler cannot look into.
thread_state* read_thread_state() noexcept;

/// Returns the calling thread's state. Cost: two loads.
inline thread_state* current_thread_state() noexcept {
#if defined(__x86_64__)
  thread_state* state;
  asm volatile(
      "movq heddle_thread_state@gottpoff(%%rip), %0\n\t"
      "movq %%fs:(%0), %0"
      : "=r"(state));
  return state;
#else
  return read_thread_state();
#endif
}

/// Returns thread_state::lone_loop of the calling thread; 0 on a plain thread.
inline std::uint64_t lone_loop_of_caller() noexcept {
  const thread_state* const here = current_thread_state();
  return here != nullptr ? here->lone_loop : 0;
}

void set_thread_state(thread_state* state) noexcept;

}  // namespace heddle::detail
