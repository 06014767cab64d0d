// SPDX-License-Identifier: MIT
// posix_spawn, and what it needs: pipes, file actions, signals as a program expects them.
#include "process/spawning.hpp"

#include "net/system_call.hpp"

#include <cerrno>
#include <new>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::io::detail {

namespace {

/// One of posix_spawn's settings, from its init to its destroy.
template <class Settings, int (*init)(Settings*), int (*destroy)(Settings*)>
class spawn_settings {
 public:
  spawn_settings() {
    if (init(&settings_) != 0) throw std::bad_alloc();
  }
  ~spawn_settings() { destroy(&settings_); }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;
  Settings* get() noexcept { return &settings_; }

 private:
  Settings settings_;
};

using file_actions = spawn_settings<posix_spawn_file_actions_t, ::posix_spawn_file_actions_init,
                                    ::posix_spawn_file_actions_destroy>;
using attributes =
    spawn_settings<posix_spawnattr_t, ::posix_spawnattr_init, ::posix_spawnattr_destroy>;

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& each : texts) all.push_back(const_cast<char*>(each.c_str()));
  all.push_back(nullptr);
  return all;
}

/// A descriptor below 3 would be in the way of what the child gets there: moves it up. Returns 0 or
/// an errno value.
int move_up(owned_fd& end) {
  if (end.get() > STDERR_FILENO) return 0;
  owned_fd higher(::fcntl(end.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!higher) return last_error();
  end = std::move(higher);
  return 0;
}

/// Makes `number` of the child what `what` says; `child_reads`: it is its input. Returns 0 or an
/// errno value.
int set_up(file_actions& actions, int number, stdio what, owned_fd& own, owned_fd& others) {
  const bool child_reads = number == STDIN_FILENO;
  if (what == stdio::inherit) return 0;
  if (what == stdio::null) {
    return ::posix_spawn_file_actions_addopen(actions.get(), number, "/dev/null",
                                              child_reads ? O_RDONLY : O_WRONLY, 0);
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return last_error();
  own = owned_fd(ends[child_reads ? 1 : 0]);
  others = owned_fd(ends[child_reads ? 0 : 1]);
  if (const int error = move_up(others)) return error;
  return ::posix_spawn_file_actions_adddup2(actions.get(), others.get(), number);
}

/// The loops' threads block SIGPIPE; a program expects it to be as it is by default.
int reset_signals(attributes& wanted) {
  sigset_t none;
  ::sigemptyset(&none);
  sigset_t by_default;
  ::sigemptyset(&by_default);
  ::sigaddset(&by_default, SIGPIPE);
  if (const int error = ::posix_spawnattr_setsigmask(wanted.get(), &none)) return error;
  if (const int error = ::posix_spawnattr_setsigdefault(wanted.get(), &by_default)) return error;
  return ::posix_spawnattr_setflags(wanted.get(), POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

}  // namespace

started start(const std::vector<std::string>& command, const process_options& options,
              own_ends& ends) {
  file_actions actions;
  attributes wanted;
  owned_fd others_in;
  owned_fd others_out;
  owned_fd others_err;
  int error = reset_signals(wanted);
  if (error == 0) error = set_up(actions, STDIN_FILENO, options.in, ends.in, others_in);
  if (error == 0) error = set_up(actions, STDOUT_FILENO, options.out, ends.out, others_out);
  if (error == 0) error = set_up(actions, STDERR_FILENO, options.err, ends.err, others_err);
  if (error == 0 && !options.directory.empty()) {
    error = ::posix_spawn_file_actions_addchdir_np(actions.get(), options.directory.c_str());
  }
  if (error != 0) return {0, {}, error};

  const std::vector<char*> arguments = pointers_to(command);
  const std::vector<char*> variables =
      options.environment ? pointers_to(*options.environment) : std::vector<char*>();
  char* const* const environment = options.environment ? variables.data() : ::environ;
  pid_t pid = 0;
  error = ::posix_spawnp(&pid, command[0].c_str(), actions.get(), wanted.get(), arguments.data(),
                         environment);
  if (error != 0) return {0, {}, error};
  owned_fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (handle) return {pid, std::move(handle), 0};
  error = last_error();  // out of descriptors: nobody could wait for it
  kill_and_reap(pid);
  return {0, {}, error};
}

int send_signal(int handle, int signal) noexcept {
  return ::syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0) == 0 ? 0 : last_error();
}

int reap(int handle, std::optional<exit_status>& status) noexcept {
  siginfo_t found{};
  while (::waitid(P_PIDFD, static_cast<id_t>(handle), &found, WEXITED | WNOHANG) != 0) {
    if (last_error() != EINTR) return last_error();
  }
  if (found.si_pid == 0) return 0;
  status = found.si_code == CLD_EXITED ? exit_status{found.si_status, 0}
                                       : exit_status{0, found.si_status};
  return 0;
}

bool has_ended(int handle) noexcept {
  pollfd child{handle, POLLIN, 0};
  return ::poll(&child, 1, 0) > 0;
}

void kill_and_reap(pid_t pid) noexcept {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && last_error() == EINTR) continue;
}

}  // namespace heddle::io::detail
