// SPDX-License-Identifier: MIT
// Edges in, waiters out.
#include "reactor/registration.hpp"

#include <heddle/runtime/detail/policy.hpp>

#include "reactor/reactor.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace heddle::detail {

namespace {
constexpr wait_kind read_kind{"input on", wait_kind::object::descriptor};
constexpr wait_kind write_kind{"room to write on", wait_kind::object::descriptor};
}  // namespace

void report_events(registration& entry, std::uint32_t epoll_events) noexcept {
  resumption_list woken;
  entry.fire(epoll_events, woken);
}

registration::~registration() { close(); }

readiness::view registration::look(readiness::direction which) const noexcept {
  // order: acquire — partner: raise(); a fiber that sees the edge sees what led to it.
  const std::uint32_t seen = at(which).word.load(std::memory_order_acquire);
  return {(seen & side::ready) != 0, (seen & side::hung_up) != 0, seen / side::one_edge};
}

void registration::drained(readiness::direction which, readiness::view seen) noexcept {
  // After a hang-up no further edge comes: the direction stays ready and every try finds its end.
  if ((at(which).word.load(std::memory_order_relaxed) & side::hung_up) != 0) return;
  lower(at(which), side::ready, seen);
}

void registration::would_block(readiness::direction which, readiness::view seen) noexcept {
  lower(at(which), side::ready | side::hung_up, seen);
}

void registration::lower(side& which, std::uint32_t bits, readiness::view seen) noexcept {
  std::uint32_t now = which.word.load(std::memory_order_relaxed);
  if (now / side::one_edge != seen.edge) return;
  // Fails if an edge came meanwhile: then there is something to try for, and ready must stay.
  which.word.compare_exchange_strong(now, now & ~bits, std::memory_order_relaxed,
                                     std::memory_order_relaxed);
}

void registration::raise(side& which, std::uint32_t bits) noexcept {
  std::uint32_t now = which.word.load(std::memory_order_relaxed);
  // order: release — partner: look().
  while (!which.word.compare_exchange_weak(now, (now + side::one_edge) | bits,
                                           std::memory_order_release, std::memory_order_relaxed)) {
  }
}

void registration::note_ready(readiness::direction which, bool hung_up) noexcept {
  raise(at(which), side::ready | (hung_up ? side::hung_up : 0));
}

void registration::fire(std::uint32_t epoll_events, resumption_list& woken) noexcept {
  const bool ended = (epoll_events & (EPOLLHUP | EPOLLERR)) != 0;
  const std::uint32_t read_bits =
      side::ready | (ended || (epoll_events & EPOLLRDHUP) != 0 ? side::hung_up : 0);
  if (ended || (epoll_events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI)) != 0) {
    side& read = at(readiness::direction::read);
    read.waiters.claim_all(
        wake_reason::event, [&]() noexcept { raise(read, read_bits); }, woken);
  }
  if (ended || (epoll_events & EPOLLOUT) != 0) {
    side& write = at(readiness::direction::write);
    const std::uint32_t bits = side::ready | (ended ? side::hung_up : 0);
    write.waiters.claim_all(
        wake_reason::event, [&]() noexcept { raise(write, bits); }, woken);
  }
}

bool registration::ensure_watched(const std::shared_ptr<reactor>& here) {
  // order: acquire — partner: the release below; the descriptor is in the epoll set.
  if (watched_.load(std::memory_order_acquire)) return true;
  std::lock_guard guard(owner_lock_);
  if (is_closed()) return true;
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->remove(*this);  // its runtime has ended
  std::error_code error = here->add(*this);
  if (error == std::errc::file_exists) {
    // Somebody else watches this descriptor in the same set: a duplicate is another key.
    duplicate_ = owned_fd(::fcntl(fd_, F_DUPFD_CLOEXEC, 0));
    error = duplicate_ ? here->add(*this) : std::error_code(errno, std::generic_category());
  }
  if (error == std::errc::operation_not_permitted) return false;  // a regular file
  if (error) {
    throw std::system_error(error, "heddle: cannot watch descriptor " + std::to_string(fd_));
  }
  owner_ = here;
  // order: release — partner: above.
  watched_.store(true, std::memory_order_release);
  return true;
}

wake_reason registration::wait(readiness::direction which, const std::shared_ptr<reactor>& here,
                               deadline limit) {
  if (!ensure_watched(here)) return wake_reason::event;
  side& on = at(which);
  const wake_reason reason = on.waiters.wait_unless(
      [&on]() noexcept {
        return (on.word.load(std::memory_order_relaxed) & (side::ready | side::closed)) != 0;
      },
      limit, {which == readiness::direction::read ? read_kind : write_kind, fd_});
  return reason != wake_reason::timeout && is_closed() ? wake_reason::closed : reason;
}

bool registration::is_closed() const noexcept {
  // order: acquire — partner: raise() in close().
  return (sides_[0].word.load(std::memory_order_acquire) & side::closed) != 0;
}

void registration::forget_reactor(resumption_list& woken) noexcept {
  // order: release — partner: ensure_watched(), which then moves to another reactor.
  watched_.store(false, std::memory_order_release);
  for (side& each : sides_) {
    each.waiters.claim_all(
        wake_reason::event, [&each]() noexcept { raise(each, side::ready); }, woken);
  }
}

void registration::close() noexcept {
  std::shared_ptr<reactor> owner;
  {
    std::lock_guard guard(owner_lock_);
    if (is_closed()) return;
    raise(sides_[0], side::closed);
    raise(sides_[1], side::closed);
    owner = std::move(owner_);
  }
  if (owner != nullptr) owner->remove(*this);
  for (side& each : sides_) each.waiters.wake_all(wake_reason::closed, []() noexcept {});
}

}  // namespace heddle::detail
