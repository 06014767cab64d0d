// SPDX-License-Identifier: MIT
// Where a fiber stands that runs on another thread: that thread is interrupted by a signal, and its
// handler walks the stack. Only with config::debug, because it installs a signal handler and
// because the signal ends some calls early (README.md). Invariants: (1) the handler calls only
// async-signal-safe functions and takes no lock; (2) a stack is that of the slice asked for, or
// none; (3) a signal that we did not send goes to the handler that was there before; (4) who asks
// waits for a bounded time. Source: Go's preemption by SIGURG (runtime/signal_unix.go).
#pragma once

#include "sched/worker.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace heddle::detail {

struct running_stack {
  static constexpr std::size_t most_frames = 64;
  enum class outcome { taken, ended, no_answer };

  outcome outcome = outcome::no_answer;
  int thread = 0;
  std::array<void*, most_frames> frames{};
  std::size_t count = 0;
};

/// How long the thread may take to answer.
inline constexpr std::chrono::milliseconds longest_answer{100};

/// Installs the handler, once in a process.
void prepare_running_stacks() noexcept;

/// Interrupts the loop's thread. Returns its stack, if the slice is still that one. Not from a
/// loop.
running_stack stack_of(const worker& loop, worker::slice which) noexcept;

/// Returns a line a frame: function, module and offset in it, which addr2line understands; or why
/// there are none. Errors: std::bad_alloc.
std::string text_of(const running_stack& stack);

}  // namespace heddle::detail
