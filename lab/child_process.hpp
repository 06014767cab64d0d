// SPDX-License-Identifier: MIT
// This program once more, in another process, whose output is read line by line.
// Invariant: the process has ended, and is no zombie, when the object is gone.
// For plain threads. Not here: processes for fibers, which are heddle::io's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab {

class child_process {
 public:
  /// Starts this program with other arguments. Errors: std::system_error.
  explicit child_process(std::vector<std::string> arguments);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  /// Kills the process if it has not been waited for.
  ~child_process();

  /// Returns the next line without its end; nothing at the end of the output.
  /// Errors: std::runtime_error if nothing comes until `limit`.
  std::optional<std::string> next_line(std::chrono::steady_clock::time_point limit);

  /// Waits for the end. Returns: whether the exit status was 0.
  bool wait();

 private:
  pid_t id_ = -1;
  int output_ = -1;
  std::string read_ahead_;
};

/// Makes this process end when its parent does. For the child, first of all.
void end_with_parent();

}  // namespace lab
