// SPDX-License-Identifier: MIT
// One loop for both directions; what differs is the system call.
#include "net/transfer.hpp"

#include "net/system_call.hpp"

#include <heddle/runtime/park.hpp>

#include <algorithm>
#include <cerrno>

namespace heddle::io::detail {

namespace {

/// Makes one attempt, and notes what it found out about the descriptor.
template <class Attempt>
transferred attempt_once(socket& over, readiness::direction which, readiness::view seen,
                         std::size_t wanted, Attempt attempt) {
  const transferred done = attempt();
  // A short read of a UNIX socket may end at passed descriptors, with more to read behind them.
  const bool short_of_it = done.error == 0 && done.bytes != 0 && done.bytes < wanted;
  if (short_of_it && over.is_tcp()) over.watched().drained(which, seen);
  if (would_block(done.error)) over.watched().would_block(which, seen);
  return done;
}

/// Calls `attempt` until it transfers something or fails for another reason than having to wait.
template <class Attempt>
transferred transfer(socket& over, readiness::direction which, std::size_t wanted, Attempt attempt,
                     std::error_code& error) {
  for (;;) {
    auto seen = over.watched().look(which);
    if (!seen.maybe_ready) {
      if ((error = over.wait(which))) return {};
      seen = over.watched().look(which);
    }
    const transferred done = attempt_once(over, which, seen, wanted, attempt);
    if (would_block(done.error) && !over.closed()) continue;
    if (done.error != 0) error = system_error_code(done.error);
    return done;
  }
}

enum class of_nothing : bool { need_not_ask, is_a_message };

/// Has `attempt` transfer up to `wanted` bytes over a socket that may be closed already or
/// meanwhile.
template <class Attempt>
std::size_t transfer_some(const socket_use& use, readiness::direction which, std::size_t wanted,
                          Attempt attempt, std::error_code& error,
                          of_nothing empty = of_nothing::need_not_ask) {
  error.clear();
  if (!use) {
    error = closed_before();
    return 0;
  }
  cooperate();
  if (wanted == 0 && empty == of_nothing::need_not_ask) return 0;
  const transferred done = transfer(*use, which, wanted, attempt, error);
  // The end, or an error, that our own close() brought about is not the peer's doing.
  if (done.bytes == 0 && use->closed()) error = closed_meanwhile();
  return done.bytes;
}

/// The same at once, or not at all. Reads ask the kernel even if no edge has been seen: the loop
/// may not have looked for a while.
template <class Attempt>
std::size_t try_some(const socket_use& use, readiness::direction which, std::size_t wanted,
                     Attempt attempt, std::error_code& error) {
  error.clear();
  if (!use) {
    error = closed_before();
    return 0;
  }
  if (wanted == 0) return 0;
  const auto seen = use->watched().look(which);
  transferred done{.error = EAGAIN};
  if (seen.maybe_ready || which == readiness::direction::read) {
    done = attempt_once(*use, which, seen, wanted, attempt);
  }
  if (done.bytes == 0 && use->closed()) {
    error = closed_meanwhile();
  } else if (done.error != 0) {
    error = would_block(done.error) ? std::make_error_code(std::errc::operation_would_block)
                                    : system_error_code(done.error);
  }
  return done.bytes;
}

}  // namespace

std::size_t read_some(const socket_use& from, std::span<std::byte> into, std::error_code& error) {
  const auto attempt = [&]() noexcept { return receive(from->fd(), into); };
  return transfer_some(from, readiness::direction::read, into.size(), attempt, error);
}

void wait_readable(const socket_use& from, std::error_code& error) {
  error.clear();
  if (!from) {
    error = closed_before();
    return;
  }
  cooperate();
  for (;;) {
    const auto seen = from->watched().look(readiness::direction::read);
    if (!seen.maybe_ready) {
      if ((error = from->wait(readiness::direction::read))) return;
      break;  // an edge: nobody asks the kernel what it has just said
    }
    if (can_receive(from->fd())) break;
    from->watched().would_block(readiness::direction::read, seen);
  }
  if (from->closed()) error = closed_meanwhile();
}

std::size_t write_some(const socket_use& to, std::span<const std::byte> from,
                       std::error_code& error) {
  const auto attempt = [&]() noexcept { return send(to->fd(), from); };
  return transfer_some(to, readiness::direction::write, from.size(), attempt, error);
}

bool is_readable(const socket_use& from) noexcept { return !from || can_receive(from->fd()); }

std::size_t try_read_some(const socket_use& from, std::span<std::byte> into,
                          std::error_code& error) {
  const auto attempt = [&]() noexcept { return receive(from->fd(), into); };
  return try_some(from, readiness::direction::read, into.size(), attempt, error);
}

std::size_t try_write_some(const socket_use& to, std::span<const std::byte> from,
                           std::error_code& error) {
  const auto attempt = [&]() noexcept { return send(to->fd(), from); };
  return try_some(to, readiness::direction::write, from.size(), attempt, error);
}

std::size_t receive_message(const socket_use& from, std::span<std::byte> into,
                            socket_address& sender, bool& cut, std::error_code& error) {
  const auto attempt = [&]() noexcept { return receive_from(from->fd(), into, sender, cut); };
  // A message ends a read, and there may be more of them: only EAGAIN says that there are none.
  return transfer_some(from, readiness::direction::read, 0, attempt, error,
                       of_nothing::is_a_message);
}

void send_message(const socket_use& from, std::span<const std::byte> message,
                  const socket_address* to, std::error_code& error) {
  const auto attempt = [&]() noexcept { return send_to(from->fd(), message, to); };
  transfer_some(from, readiness::direction::write, 0, attempt, error, of_nothing::is_a_message);
}

std::size_t send_with_descriptors(const socket_use& to, std::span<const std::byte> from,
                                  std::span<const int> descriptors, std::error_code& error) {
  const auto attempt = [&]() noexcept { return send_with(to->fd(), from, descriptors); };
  return transfer_some(to, readiness::direction::write, from.size(), attempt, error);
}

std::size_t receive_with_descriptors(const socket_use& from, std::span<std::byte> into,
                                     std::size_t most, std::vector<owned_fd>& descriptors,
                                     bool& lost_some, std::error_code& error) {
  descriptors.reserve(std::min<std::size_t>(most, 253));  // so that none that has come is lost
  const auto attempt = [&]() noexcept {
    return receive_with(from->fd(), into, most, descriptors, lost_some);
  };
  return transfer_some(from, readiness::direction::read, into.size(), attempt, error);
}

std::size_t read_pipe(const socket_use& from, std::span<std::byte> into, std::error_code& error) {
  const auto attempt = [&]() noexcept { return read_from(from->fd(), into); };
  return transfer_some(from, readiness::direction::read, into.size(), attempt, error);
}

std::size_t write_pipe(const socket_use& to, std::span<const std::byte> from,
                       std::error_code& error) {
  const auto attempt = [&]() noexcept { return write_to(to->fd(), from); };
  return transfer_some(to, readiness::direction::write, from.size(), attempt, error);
}

}  // namespace heddle::io::detail
