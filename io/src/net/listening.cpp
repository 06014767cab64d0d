// SPDX-License-Identifier: MIT
// Accepting: mishaps of newcomers are passed over, shortages ridden out.
#include "net/listening.hpp"

#include "net/system_call.hpp"

#include <heddle/runtime/park.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <cerrno>
#include <cstdio>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace heddle::io::detail {

namespace {

constexpr int burst = 32;  // newcomers refused in a row before a pause
constexpr std::chrono::milliseconds pause{20};
constexpr std::chrono::seconds between_reports{1};
constexpr int most_mishaps = 1000;  // newcomers lost in a row before accept() gives up

bool is_shortage(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/// Returns whether an error of accept(2) befell the newcomer, not the listener.
bool is_mishap(int error) noexcept {
  switch (error) {
    case ECONNABORTED:
    case ECONNRESET:
    case EPROTO:
    case EPERM:  // a firewall's rule
    case ETIMEDOUT:
    case ENETDOWN:  // from here on: errors already pending on the new socket, see accept(2)
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

void print_shortage(const shortage_report& report) {
  std::fprintf(stderr, "heddle: accept on %s: %s; %llu newcomers closed at once\n",
               report.listener.to_string().c_str(), report.error.message().c_str(),
               static_cast<unsigned long long>(report.refused));
}

/// Path as the file system knows it; none for an abstract or empty one.
const char* path_of(const endpoint& bound) noexcept {
  const std::string& path = bound.path();
  return path.empty() || path.front() == '@' ? nullptr : path.c_str();
}

}  // namespace

listening::listening(owned_fd fd, const endpoint& bound_to, report_hook on_shortage)
    : socket(std::move(fd), bound_to),
      on_shortage_(on_shortage ? std::move(on_shortage) : print_shortage),
      spare_(open_placeholder().fd) {
  struct stat file {};
  const char* path = path_of(name());
  if (path == nullptr || ::lstat(path, &file) != 0) return;
  device_ = file.st_dev;
  inode_ = file.st_ino;
}

void listening::closing() noexcept {
  struct stat file {};
  const char* path = path_of(name());
  if (path == nullptr || ::lstat(path, &file) != 0) return;
  if (file.st_dev == device_ && file.st_ino == inode_) ::unlink(path);
}

socket_handle listening::accept(std::error_code& error) {
  for (;;) {
    socket_handle newcomer = try_accept(error);
    if (newcomer.get() != nullptr || error) return newcomer;
    if ((error = wait(readiness::direction::read))) return {};
  }
}

socket_handle listening::try_accept(std::error_code& error) {
  constexpr auto read = readiness::direction::read;
  int mishaps = 0;
  for (;;) {
    const auto seen = watched().look(read);
    if (!seen.maybe_ready) return {};
    socket_address peer;
    opened newcomer = accept_from(fd(), peer);
    if (newcomer.error == 0) {
      return socket_handle(new socket(std::move(newcomer.fd), endpoint_access::from_system(peer)));
    }
    bool nobody_waits = would_block(newcomer.error);
    if (closed()) {
      error = closed_meanwhile();
      return {};
    }
    if (is_shortage(newcomer.error)) {
      nobody_waits = ride_out(newcomer.error);
    } else if (!nobody_waits && (!is_mishap(newcomer.error) || ++mishaps == most_mishaps)) {
      error = system_error_code(newcomer.error);
      return {};
    }
    if (nobody_waits) watched().would_block(read, seen);
  }
}

listening::refusal listening::refuse_one() noexcept {
  const std::lock_guard lock(guard_);
  if (!spare_) spare_ = open_placeholder().fd;
  if (!spare_) return refusal::no_spare;
  spare_.reset();
  socket_address peer;
  opened newcomer = accept_from(fd(), peer);
  newcomer.fd.reset();  // its number is the one that the spare needs
  spare_ = open_placeholder().fd;
  if (newcomer.error == 0) return refusal::refused;
  return would_block(newcomer.error) ? refusal::nobody_waits : refusal::no_spare;
}

/// Refuses a burst of newcomers and pauses. Returns true, without a pause, if nobody is left
/// waiting.
bool listening::ride_out(int shortage) {
  std::uint64_t newly_refused = 0;
  refusal last = refusal::refused;
  const bool can_refuse = shortage == EMFILE || shortage == ENFILE;
  for (int i = 0; can_refuse && i < burst && last == refusal::refused; ++i) {
    last = refuse_one();
    if (last == refusal::refused) ++newly_refused;
  }
  if (newly_refused != 0 || last == refusal::no_spare || !can_refuse) {
    report(system_error_code(shortage), newly_refused);
  }
  if (last == refusal::nobody_waits) return true;
  this_fiber::sleep_for(pause);
  return false;
}

void listening::report(const std::error_code& why, std::uint64_t newly_refused) {
  refused_.fetch_add(newly_refused, std::memory_order_relaxed);
  shortage_report due{name(), why, 0};
  {
    const std::lock_guard lock(guard_);
    unreported_ += newly_refused;
    const auto now = clock::now();
    if (now < next_report_) return;
    next_report_ = now + between_reports;
    due.refused = std::exchange(unreported_, 0);
  }
  on_shortage_(due);
}

void listening::refused_for(const std::error_code& why) {
  report(why, 1);
  this_fiber::sleep_for(pause);
}

}  // namespace heddle::io::detail
