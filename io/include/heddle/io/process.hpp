// SPDX-License-Identifier: MIT
// Other programs: started, fed, listened to, waited for, ended.
// Invariants: (1) no child outlives its process object, and none is left as a zombie; (2) a signal
// goes to the child or to nobody, never to a process that has got its number since (pidfd); (3) a
// child has the descriptors 0, 1, 2, as the options say, and no other of ours; (4) it blocks no
// signal and ignores none because of us. Source: asyncio.create_subprocess_exec.
#pragma once

#include <heddle/io/pipe.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace heddle::io {

/// What a child's descriptor 0, 1 or 2 is.
enum class stdio : std::uint8_t {
  inherit,  ///< ours
  null,     ///< /dev/null
  pipe,     ///< a pipe whose other end is here
};

struct process_options {
  stdio in = stdio::inherit;
  stdio out = stdio::inherit;
  stdio err = stdio::inherit;
  /// "NAME=value", each; nothing: this process's environment.
  std::optional<std::vector<std::string>> environment = {};
  /// Where the child starts; empty: where this process is.
  std::string directory = {};
  /// How long a child that is ended has between SIGTERM and SIGKILL.
  std::chrono::nanoseconds grace = std::chrono::seconds{5};
};

/// How a child ended.
struct exit_status {
  int code = 0;    ///< what it returned, if signal is 0
  int signal = 0;  ///< what killed it; 0 if it ended by itself

  bool success() const noexcept { return code == 0 && signal == 0; }
  friend bool operator==(const exit_status&, const exit_status&) = default;
};

/// A child. Move-only. Default-constructed or moved from, it is none.
class process {
 public:
  process() noexcept;
  /// Starts a program. Shape: `command` is its name, looked for in PATH unless it has a '/', and
  /// its arguments; not empty; no zero byte in it, nor in the options (std::invalid_argument).
  /// Errors: io_error that names the program (no_such_file_or_directory, permission_denied, ...);
  /// std::bad_alloc; `cancelled`. Suspends: yes (the blocking pool starts it), cancel-safe: a child
  /// that has been started is ended.
  static process start(std::vector<std::string> command, process_options options = {});
  process(process&&) noexcept;
  process& operator=(process&&) noexcept;
  /// Ends the child as end() does, and waits for that, shielded. So a child whose owner is
  /// cancelled is ended, too. Never throws: a child that cannot be waited for is ended all the
  /// same.
  ~process();

  /// Returns the child's number; 0 if there is none.
  pid_t id() const noexcept;

  /// The other ends of the child's descriptors 0, 1, 2; closed ones if they are no pipes.
  pipe_writer& in() noexcept { return in_; }
  pipe_reader& out() noexcept { return out_; }
  pipe_reader& err() noexcept { return err_; }

  /// Waits until the child has ended. It may be called again, and by several fibers. Errors:
  /// std::logic_error if there is none; io_error (no_child_process if somebody else has waited for
  /// it: the program ignores SIGCHLD; not_enough_memory, no_space_on_device if it cannot be
  /// watched). Suspends: yes, cancel-safe: the child goes on.
  exit_status wait();

  /// Sends a signal to the child, if it has not ended. Errors: io_error; std::logic_error if there
  /// is none. Suspends: no.
  void send_signal(int signal);

  /// Sends SIGTERM, and SIGKILL after options.grace if it has not ended by then, and waits.
  /// Without a way to watch the child (no memory in the kernel) there is no grace: SIGKILL at once.
  /// Errors: as wait(); the child has ended then, too. Suspends: yes; a cancelled call sends
  /// SIGKILL at once, waits, and then throws `cancelled`.
  exit_status end();

 private:
  class child;
  std::unique_ptr<child> child_;
  pipe_writer in_;
  pipe_reader out_;
  pipe_reader err_;
};

/// What run_process() gives a program, and how much it takes from it.
struct run_options {
  /// "NAME=value", each; nothing: this process's environment.
  std::optional<std::vector<std::string>> environment = {};
  /// Where the program starts; empty: where this process is.
  std::string directory = {};
  /// How long a program that is ended early has between SIGTERM and SIGKILL.
  std::chrono::nanoseconds grace = std::chrono::seconds{5};
  /// Of each of its two outputs.
  std::size_t most_output_bytes = 16 * 1024 * 1024;
};

/// What run_process() found.
struct process_result {
  exit_status status;
  std::string out;
  std::string err;
};

/// Starts a program, writes `input` to it, and reads all that it writes, until it has ended.
/// Errors: as process::start(); io_errc::too_much if it writes more than options.most_output_bytes,
/// and the child is ended. Suspends: yes; cancelled, it ends the child.
process_result run_process(std::vector<std::string> command, std::string_view input = {},
                           run_options options = {});

}  // namespace heddle::io
