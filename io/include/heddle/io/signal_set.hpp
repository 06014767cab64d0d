// SPDX-License-Identifier: MIT
// Signals that a program waits for, as for anything else: `signal_set stop{SIGTERM, SIGINT};
// stop.wait();`.
// Invariants: (1) while a set lives, its signals do nothing else in this process; when the last set
// that has a signal is gone, it does what it did before; (2) each set sees each signal; one that
// comes again before the last was taken is seen once, as the kernel does it, too; (3) whichever
// thread a signal comes to, it is seen: threads need not block it. Not signalfd(2), which sees only
// what all threads block, those of other libraries included. The handler needs stack, see below.
// Source: asyncio's add_signal_handler.
#pragma once

#include <heddle/runtime/deadline.hpp>

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>

namespace heddle::io {

/// Cost: a signal is handled on the stack of whatever it interrupts, a fiber's too, unless that
/// thread has a stack for handlers (sigaltstack(2); loops have one with config::debug). The kernel
/// saves the registers there: 3.5 KB on a CPU with AVX-512, up to 12 KB in a program that uses AMX;
/// getauxval(AT_MINSIGSTKSZ) says how much at most. The handler itself takes little. So
/// leave that free in spawn_options::stack_bytes.
class signal_set {
 public:
  /// Takes over `signals`. Shape: at least one, none of SIGKILL, SIGSTOP, and what the kernel
  /// raises for faults (SIGSEGV, SIGBUS, SIGFPE, SIGILL). Errors: std::invalid_argument that names
  /// the signal; io_error; std::bad_alloc. Suspends: no.
  explicit signal_set(std::initializer_list<int> signals)
      : signal_set(std::span(signals.begin(), signals.size())) {}
  explicit signal_set(std::span<const int> signals);
  signal_set(signal_set&&) noexcept;
  signal_set& operator=(signal_set&&) noexcept;
  ~signal_set();

  /// Waits for the next signal. Several fibers, and plain threads, may wait; one of them gets it.
  /// Returns: its number; nothing if `limit` passed first. Errors: std::logic_error if it was moved
  /// from. Suspends: yes, cancel-safe.
  int wait();
  std::optional<int> wait_until(deadline limit);
  /// Returns a signal that has come; nothing if none has. Suspends: no.
  std::optional<int> try_wait();

 private:
  class taken;
  taken& mine() const;

  std::unique_ptr<taken> taken_;
};

}  // namespace heddle::io
