// SPDX-License-Identifier: MIT
// Runs a function in a child process: for what ends a process, or changes its limits.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::test {

struct child_end {
  int status = 0;      // as waitpid has it
  std::string output;  // of stderr

  bool exited_with(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
  bool killed_by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
};

/// Runs `body` in a child, which ends with exit code 0 if it returns true, and else 1. Call it
/// while the process has one thread.
inline child_end in_child(const std::function<bool()>& body) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) std::abort();
  std::fflush(nullptr);
  const ::pid_t child = ::fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::alarm(50);
    const bool passed = body();
    std::fflush(nullptr);
    ::_exit(passed ? 0 : 1);
  }
  ::close(ends[1]);
  child_end result;
  std::array<char, 4096> piece{};
  for (::ssize_t got = 0; (got = ::read(ends[0], piece.data(), piece.size())) > 0;) {
    result.output.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  ::waitpid(child, &result.status, 0);
  return result;
}

/// Lowers a limit of this process.
inline void limit(__rlimit_resource which, rlim_t value) {
  rlimit now{};
  ::getrlimit(which, &now);
  now.rlim_cur = value;
  ::setrlimit(which, &now);
}

/// Has the kernel filter the system calls of all threads of this process, for good. Ends the
/// process with exit code 2 where it does not.
inline void filter_calls(std::span<sock_filter> rules) {
  const sock_fprog program{static_cast<unsigned short>(rules.size()), rules.data()};
  const bool done =
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
  if (done) return;
  std::fputs("no seccomp", stderr);
  std::fflush(nullptr);
  std::_Exit(2);
}

/// Has the kernel refuse one system call from now on, by `error`.
inline void refuse_call(unsigned number, int error = EPERM) {
  const auto refusal = SECCOMP_RET_ERRNO | static_cast<unsigned>(error);
  std::array<sock_filter, 4> rules{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                                    BPF_STMT(BPF_RET | BPF_K, refusal),
                                    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  filter_calls(rules);
}

}  // namespace heddle::test
