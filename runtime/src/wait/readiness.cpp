// SPDX-License-Identifier: MIT
// readiness on fibers by the loop's reactor, on plain threads by poll(2).
#include <heddle/runtime/readiness.hpp>

#include "reactor/registration.hpp"
#include "sched/worker.hpp"
#include "wait/outside_wait.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

namespace heddle {

namespace {

/// What poll(2) found; no events: `limit` passed.
short poll_on_thread(int fd, readiness::direction which, deadline limit) {
  const short wanted = which == readiness::direction::read ? POLLIN | POLLRDHUP : POLLOUT;
  // poll(2) passes over a negative descriptor, and would wait for ever.
  if (fd < 0) {
    throw std::system_error(EBADF, std::generic_category(),
                            "heddle: cannot watch descriptor " + std::to_string(fd));
  }
  pollfd entry{fd, wanted, 0};
  for (;;) {
    int milliseconds = -1;
    if (!limit.is_never()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit.when() - clock::now());
      milliseconds = static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(
          left.count(), 0, std::numeric_limits<int>::max()));
    }
    const int count = ::poll(&entry, 1, milliseconds);
    if (count > 0) {
      if ((entry.revents & POLLNVAL) == 0) return entry.revents;
      throw std::system_error(EBADF, std::generic_category(),
                              "heddle: cannot watch descriptor " + std::to_string(fd));
    }
    if (count == 0 && limit.passed()) return 0;
    if (count < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "heddle: poll");
    }
  }
}

bool wait_once(int fd, readiness::direction which, deadline limit) {
  if (detail::worker::current_fiber() == nullptr) return poll_on_thread(fd, which, limit) != 0;
  readiness watched(fd);
  watched.drained(which, watched.look(which));  // nothing is known of it yet
  return watched.wait(which, limit) != wake_reason::timeout;
}

}  // namespace

readiness::readiness() noexcept = default;
readiness::readiness(int fd) : watched_(std::make_shared<detail::registration>(fd)) {}
readiness::readiness(readiness&&) noexcept = default;
readiness& readiness::operator=(readiness&& other) noexcept {
  if (this != &other) {
    close();
    watched_ = std::move(other.watched_);
  }
  return *this;
}
readiness::~readiness() { close(); }

readiness::view readiness::look(direction which) const noexcept { return watched_->look(which); }

void readiness::drained(direction which, view seen) noexcept { watched_->drained(which, seen); }

void readiness::would_block(direction which, view seen) noexcept {
  watched_->would_block(which, seen);
}

wake_reason readiness::wait(direction which, deadline limit) {
  // Kept alive here: close() by another fiber may give up the readiness's own share.
  const std::shared_ptr<detail::registration> kept = watched_;
  if (kept->is_closed()) return wake_reason::closed;
  if (detail::worker::current_fiber() == nullptr) {
    const short found = poll_on_thread(kept->fd(), which, limit);
    if (found == 0) return wake_reason::timeout;
    kept->note_ready(which, (found & (POLLHUP | POLLERR | POLLRDHUP)) != 0);
    return wake_reason::event;
  }
  const detail::outside_wait counted;
  return kept->wait(which, detail::worker::current()->events(), limit);
}

void readiness::close() noexcept {
  if (watched_ != nullptr) watched_->close();
}

int readiness::fd() const noexcept { return watched_ == nullptr ? -1 : watched_->fd(); }

bool wait_readable(int fd, deadline limit) {
  return wait_once(fd, readiness::direction::read, limit);
}

bool wait_writable(int fd, deadline limit) {
  return wait_once(fd, readiness::direction::write, limit);
}

}  // namespace heddle
