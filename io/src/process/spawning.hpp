// SPDX-License-Identifier: MIT
// The one step that a thread has to wait for: from options to a running child.
#pragma once

#include <heddle/io/owned_fd.hpp>
#include <heddle/io/process.hpp>

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

/// For a child that nobody can wait for. Blocks its thread for a moment.
void kill_and_reap(pid_t pid) noexcept;

}  // namespace heddle::io::detail
