// SPDX-License-Identifier: MIT
// posix_spawn on the blocking pool (it waits until the child has called exec), a pidfd to wait for.
#include <heddle/io/process.hpp>

#include "process/spawning.hpp"

#include "net/system_call.hpp"

#include <heddle/runtime/blocking.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/readiness.hpp>
#include <heddle/runtime/task_group.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <mutex>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>

#include <signal.h>

namespace heddle::io {

/// A child from its start until it has been waited for. Invariant: ended_ is set, once, by whoever
/// takes its status from the kernel; before that its number is its own.
class process::child {
 public:
  child(detail::started from, std::chrono::nanoseconds grace)
      : pid_(from.pid), handle_(std::move(from.handle)), watched_(handle_.get()), grace_(grace) {}
  ~child() {
    try {
      shield([this] { end(); });
    } catch (const std::exception&) {
      // It has ended. Its status is lost: somebody else has waited for it.
    }
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  pid_t id() const noexcept { return pid_; }

  exit_status wait() { return *wait_until({}); }

  std::optional<exit_status> wait_until(deadline limit) {
    for (;;) {
      if (const std::optional<exit_status> known = take_status()) return known;
      const auto seen = watched_.look(readiness::direction::read);
      if (seen.maybe_ready) watched_.drained(readiness::direction::read, seen);
      if (const std::optional<exit_status> known = take_status()) return known;
      if (!wait_for_event(limit)) return take_status();
    }
  }

  /// Returns 0 or an errno value.
  int send(int signal) const noexcept { return detail::send_signal(handle_.get(), signal); }

  exit_status end() {
    send(SIGTERM);
    try {
      if (const auto ended = wait_until(deadline::after(grace_))) return *ended;
    } catch (const cancelled&) {
      kill_and_wait();
      throw;
    } catch (const std::exception&) {
      // Nobody would learn when it ends: no grace.
    }
    return kill_and_wait();
  }

 private:
  exit_status kill_and_wait() {
    send(SIGKILL);
    return shield([this] {
      try {
        return wait();
      } catch (const std::exception&) {
        return wait_by_looking();
      }
    });
  }

  /// For a killed child whose pidfd cannot be watched, or whose status cannot be had.
  exit_status wait_by_looking() {
    using namespace std::chrono_literals;
    while (!detail::has_ended(handle_.get())) this_fiber::sleep_for(1ms);
    return take_status().value_or(exit_status{0, SIGKILL});
  }

  /// Returns: false if `limit` passed first. Errors: io_error if it cannot be watched.
  bool wait_for_event(deadline limit) {
    try {
      return watched_.wait(readiness::direction::read, limit) != wake_reason::timeout;
    } catch (const std::system_error& failed) {
      fail_to_wait(failed.code());
    }
  }

  std::optional<exit_status> take_status() {
    const std::lock_guard guard(lock_);
    if (ended_) return ended_;
    const int failed = detail::reap(handle_.get(), ended_);
    if (failed != 0) fail_to_wait(detail::system_error_code(failed));
    return ended_;
  }

  [[noreturn]] void fail_to_wait(std::error_code error) const {
    throw io_error(error, "wait for", no_endpoint{"process " + std::to_string(pid_)});
  }

  const pid_t pid_;
  owned_fd handle_;
  readiness watched_;
  const std::chrono::nanoseconds grace_;
  std::mutex lock_;  // of what follows; held for a system call that does not wait
  std::optional<exit_status> ended_;
};

process::process() noexcept = default;
process::process(process&&) noexcept = default;
process& process::operator=(process&&) noexcept = default;
process::~process() = default;

namespace {

void check_text(const std::string& text, const char* what) {
  if (text.find('\0') == std::string::npos) return;
  throw std::invalid_argument("heddle::io::process::start: a zero byte in the " +
                              std::string(what));
}

void check(const std::vector<std::string>& command, const process_options& options) {
  if (command.empty()) throw std::invalid_argument("heddle::io::process::start: no program named");
  for (const std::string& each : command) check_text(each, "command");
  check_text(options.directory, "directory");
  if (!options.environment) return;
  for (const std::string& each : *options.environment) check_text(each, "environment");
}

}  // namespace

process process::start(std::vector<std::string> command, process_options options) {
  check(command, options);
  process fresh;
  detail::own_ends ends;
  detail::started from = blocking(
      [&] { return detail::start(command, options, ends); });  // once begun it is waited for
  if (from.error != 0) {
    throw io_error(detail::system_error_code(from.error), "start", no_endpoint{command[0]});
  }
  try {
    fresh.child_ = std::make_unique<child>(std::move(from), options.grace);
  } catch (const std::bad_alloc&) {
    detail::kill_and_reap(from.pid);
    throw;
  }
  if (ends.in) fresh.in_ = pipe_writer::adopt(ends.in.release());
  if (ends.out) fresh.out_ = pipe_reader::adopt(ends.out.release());
  if (ends.err) fresh.err_ = pipe_reader::adopt(ends.err.release());
  return fresh;
}

pid_t process::id() const noexcept { return child_ == nullptr ? 0 : child_->id(); }

exit_status process::wait() {
  if (child_ == nullptr) throw std::logic_error("heddle::io::process::wait: there is no process");
  return child_->wait();
}

void process::send_signal(int signal) {
  if (child_ == nullptr) {
    throw std::logic_error("heddle::io::process::send_signal: there is no process");
  }
  const int failed = child_->send(signal);
  if (failed != 0 && failed != ESRCH) {
    throw io_error(detail::system_error_code(failed), "send a signal to",
                   no_endpoint{"process " + std::to_string(child_->id())});
  }
}

exit_status process::end() {
  if (child_ == nullptr) throw std::logic_error("heddle::io::process::end: there is no process");
  return child_->end();
}

namespace {

std::string read_all(pipe_reader& from, std::size_t most) {
  std::string all;
  std::vector<std::byte> piece(64 * 1024);
  while (const std::size_t bytes = from.read_some(piece)) {
    if (bytes > most - all.size()) {
      throw io_error(io_errc::too_much, "read from", no_endpoint{"a process"});
    }
    all.append(reinterpret_cast<const char*>(piece.data()), bytes);
  }
  return all;
}

/// A child need not read what it is given.
void write_input(pipe_writer& to, std::string_view input) {
  std::error_code error;
  to.write_all(std::as_bytes(std::span(input)), error);
  to.close();
  if (error && error != std::errc::broken_pipe)
    throw io_error(error, "write to", no_endpoint{"a process"});
}

}  // namespace

process_result run_process(std::vector<std::string> command, std::string_view input,
                           run_options options) {
  process_result result;
  process running =
      process::start(std::move(command), {.in = stdio::pipe,
                                          .out = stdio::pipe,
                                          .err = stdio::pipe,
                                          .environment = std::move(options.environment),
                                          .directory = std::move(options.directory),
                                          .grace = options.grace});
  const std::size_t most = options.most_output_bytes;
  task_group all;
  all.spawn([&] { write_input(running.in(), input); });
  all.spawn([&] { result.err = read_all(running.err(), most); });
  all.run([&] { result.out = read_all(running.out(), most); });
  result.status = running.wait();
  return result;
}

}  // namespace heddle::io
