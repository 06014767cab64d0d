// SPDX-License-Identifier: MIT
// Which process something was made in. A child of fork() has a copy of its parent's runtimes
// without their threads, and shares their epoll sets with it: it must not use them.
#pragma once

#include <atomic>
#include <cstdint>

namespace heddle::detail {

/// How many calls of fork() lie between this process and the first one that counted.
inline std::atomic<std::uint32_t> forks{0};

/// Has `in_child` called, once for all callers, in each child that fork() makes from now on, on its
/// only thread; then, and not before, forks counts. posix_spawn() and vfork() do not call it.
/// Errors: std::bad_alloc.
void count_forks(void (*in_child)());

/// Says that the calling thread, in a child of fork(), runs a fiber of its parent.
void note_left_fiber() noexcept;

/// Ends the process if note_left_fiber() was called on this thread: it is about to wait for a lock,
/// or to take one that is held for long, and who had it at the time of the fork is not there.
void end_left_fiber() noexcept;

/// Ends the process, with a line on stderr, for a fiber that goes on in a child of fork().
[[noreturn]] void end_forked_child() noexcept;

/// Remembers the process in which it is made.
class birthplace {
 public:
  birthplace() noexcept : forks_(forks.load(std::memory_order_relaxed)) {}

  /// Returns whether the calling process is a child of the one in which this was made.
  bool was_left() const noexcept { return forks.load(std::memory_order_relaxed) != forks_; }

 private:
  std::uint32_t forks_;
};

}  // namespace heddle::detail
