// SPDX-License-Identifier: MIT
// posix_spawn, and what it needs: pipes, file actions, signals as a program expects them.
#include "process/spawning.hpp"

#include <cerrno>
#include <new>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::io::detail {

namespace {

class file_actions {
 public:
  file_actions() {
    if (::posix_spawn_file_actions_init(&actions_) != 0) throw std::bad_alloc();
  }
  ~file_actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  file_actions(const file_actions&) = delete;
  file_actions& operator=(const file_actions&) = delete;
  posix_spawn_file_actions_t* get() noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class attributes {
 public:
  attributes() {
    if (::posix_spawnattr_init(&attributes_) != 0) throw std::bad_alloc();
  }
  ~attributes() { ::posix_spawnattr_destroy(&attributes_); }
  attributes(const attributes&) = delete;
  attributes& operator=(const attributes&) = delete;
  posix_spawnattr_t* get() noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& each : texts) all.push_back(const_cast<char*>(each.c_str()));
  all.push_back(nullptr);
  return all;
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
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  own = owned_fd(ends[child_reads ? 1 : 0]);
  others = owned_fd(ends[child_reads ? 0 : 1]);
  // A descriptor that has that number already would stay close-on-exec: dup2 onto itself does
  // nothing. posix_spawn clears the flag then.
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
  error = errno;  // out of descriptors: nobody could wait for it
  kill_and_reap(pid);
  return {0, {}, error};
}

void kill_and_reap(pid_t pid) noexcept {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace heddle::io::detail
