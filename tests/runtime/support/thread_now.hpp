// SPDX-License-Identifier: MIT
// Which thread runs this, and its errno, asked in a way that no compiler can answer from before a
// suspension.
#pragma once

#include <cerrno>

#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::test {

/// Returns the kernel's number of the calling thread: a system call, so never folded.
inline long thread_now() noexcept { return ::syscall(SYS_gettid); }

[[gnu::noinline]] inline int errno_now() noexcept {
  asm volatile("" ::: "memory");
  return errno;
}

[[gnu::noinline]] inline void set_errno(int value) noexcept {
  asm volatile("" ::: "memory");
  errno = value;
}

}  // namespace heddle::test
