// SPDX-License-Identifier: MIT
// The system calls about a child; none of them suspends. start() is the one that a thread has to
// wait for: from options to a running child.
#pragma once

#include <heddle/io/process.hpp>
#include <heddle/runtime/owned_fd.hpp>

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace heddle::io::detail {

/// This process's ends of the child's pipes.
struct own_ends {
  owned_fd in;
  owned_fd out;
  owned_fd err;
};

/// A child, or the errno value that says why there is none.
struct started {
  pid_t pid = 0;
  owned_fd handle;  // a pidfd
  int error = 0;
};

/// Blocks its thread until the child runs its program.
started start(const std::vector<std::string>& command, const process_options& options,
              own_ends& ends);

/// Returns 0 or an errno value; ESRCH: the child has ended.
int send_signal(int handle, int signal) noexcept;

/// Takes the status of a child that has ended from the kernel; else leaves `status` alone. Returns
/// 0 or an errno value. Once for each child.
int reap(int handle, std::optional<exit_status>& status) noexcept;

/// Returns whether the child has ended, whoever has its status. Always true for a bad descriptor.
bool has_ended(int handle) noexcept;

/// For a child that nobody can wait for. Blocks its thread for a moment.
void kill_and_reap(pid_t pid) noexcept;

}  // namespace heddle::io::detail
