// SPDX-License-Identifier: MIT
// Refuses the first, the second, ... request of a program for memory, mappings or descriptors, one
// in each run, until a run needs no more: whoever asked is to be told, or to do without, and
// nothing may be left over. Requests of all threads are counted, those of heddle and of your own
// code; not those that the C and C++ libraries make for themselves. It works by the linker (--wrap,
// and an operator new of its own), and so in programs that link heddle::faults with static
// libraries, have no operator new themselves, and are not built with a sanitizer. Invariant:
// outside of fail_each() nothing is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace heddle::testing {

enum class resource : std::uint8_t {
  /// operator new, malloc, calloc, realloc, aligned_alloc, posix_memalign: std::bad_alloc, ENOMEM.
  allocation,
  mapping,  ///< mmap: ENOMEM
  /// socket, accept4, epoll_create1, eventfd, timerfd_create, open, pipe2: EMFILE. Not counted:
  /// their relatives (openat, dup, fcntl, open64, which is open with _FILE_OFFSET_BITS=64).
  descriptor,
};

struct fault_options {
  /// Runs after each run of the program, whatever became of that; throws if something is missing.
  std::function<void()> after = {};

  /// Requests of one run, at most; a program with more is an error.
  std::uint64_t most_requests = 100'000;
};

/// What was wrong after request `request` had been refused.
struct fault_leak {
  std::uint64_t request = 0;  ///< counted from 1; 0: nothing was refused
  std::string what;           ///< descriptors, threads, blocks left over; an exception
};

struct fault_report {
  std::uint64_t requests = 0;  ///< that were refused, one in each run; 0: the program made none
  std::uint64_t told = 0;      ///< runs that ended with an exception for it
  std::vector<fault_leak> leaks;

  bool ok() const noexcept { return leaks.empty(); }
  /// Returns a line for each leak, and one that says how much was tried.
  std::string text() const;
};

/// Runs `program` on the calling thread, again and again, and refuses its 1st, 2nd, ... request for
/// `what`. It may start runtimes, and must do the same each time, but for what a refusal changes.
/// Leaks are: an exception other than std::bad_alloc, heddle::resource_exhausted and
/// std::system_error; descriptors, threads and blocks of operator new that remain; an exception of
/// `after`. A program that waits for ever for what was refused somebody else is not ended: give it
/// a deadline. Errors: std::logic_error if requests do not come by here (a shared library, a
/// sanitizer), or in a second call at the same time; std::length_error for more than
/// `most_requests`. Cost: a run of the program for each request, and two.
fault_report fail_each(resource what, const std::function<void()>& program,
                       const fault_options& options = {});

}  // namespace heddle::testing
