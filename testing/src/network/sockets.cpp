// SPDX-License-Identifier: MIT
// The calls of a socket, as Linux answers them.
#include "network/wire.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace heddle::testing::detail {

wire::record* wire::find(int fd) noexcept {
  const auto found = sockets_.find(fd);
  return found == sockets_.end() ? nullptr : &found->second;
}

/// Returns the socket; null if there is none, or its host is down: then `error` says so.
wire::record* wire::find_up(int fd, int& error) noexcept {
  record* const found = find(fd);
  error = found == nullptr ? -EBADF : found->error == ENETDOWN ? -ENETDOWN : 0;
  return error == 0 ? found : nullptr;
}

wire::record& wire::open(host& on, int family) {
  const int fd = next_fd_++;
  return sockets_.emplace(fd, record{fd, &on, family}).first->second;
}

int wire::socket(int family) noexcept {
  if (family != AF_INET && family != AF_INET6) return -EAFNOSUPPORT;
  return open(current(), family).fd;
}

std::uint16_t wire::free_port(host& on) noexcept {
  const auto taken = [&](std::uint16_t port) {
    return std::any_of(sockets_.begin(), sockets_.end(), [&](const auto& each) {
      return each.second.home == &on && each.second.local.port == port;
    });
  };
  while (taken(on.next_port)) ++on.next_port;
  return on.next_port++;
}

int wire::bind(int fd, const sockaddr* local, socklen_t length) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->at != stage::fresh || self->local.port != 0) return -EINVAL;
  net_address wanted = read_address(local, length);
  const bool foreign = wanted.what == net_address::kind::host && wanted.ip != self->home->ip;
  if (wanted.what == net_address::kind::none || foreign) return -EADDRNOTAVAIL;
  const bool taken = std::any_of(sockets_.begin(), sockets_.end(), [&](const auto& each) {
    const record& other = each.second;
    return other.home == self->home && other.at == stage::listening &&
           other.local.port == wanted.port;
  });
  if (wanted.port != 0 && taken) return -EADDRINUSE;
  if (wanted.port == 0) wanted.port = free_port(*self->home);
  self->local = wanted;
  return 0;
}

int wire::listen(int fd, int backlog) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->at != stage::fresh && self->at != stage::listening) return -EINVAL;
  if (self->local.port == 0) self->local = {net_address::kind::any, 0, free_port(*self->home)};
  self->at = stage::listening;
  self->backlog = static_cast<std::size_t>(std::max(backlog, 0)) + 1;  // as the kernel counts
  return 0;
}

int wire::accept(int fd, sockaddr* peer, socklen_t* length) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->at != stage::listening) return -EINVAL;
  while (!self->newcomers.empty()) {
    const int taken = self->newcomers.front();
    self->newcomers.pop_front();
    record* const newcomer = find(taken);
    if (newcomer == nullptr) continue;
    newcomer->taken = true;
    write_address(newcomer->peer, newcomer->family, peer, length);
    return taken;
  }
  return -EAGAIN;
}

int wire::connect(int fd, const sockaddr* peer, socklen_t length) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->at == stage::connecting) return -EALREADY;
  if (self->at == stage::connected) return -EISCONN;
  if (self->at != stage::fresh) return -EINVAL;
  const net_address target = read_address(peer, length);
  if (target.what == net_address::kind::none || target.port == 0) return -ENETUNREACH;
  const bool far = target.what == net_address::kind::host;
  host* const to = far ? host_at(target.ip) : self->home;
  if (to == nullptr) return -ENETUNREACH;
  self->peer = target;
  self->local = far ? net_address{net_address::kind::host, self->home->ip, self->local.port}
                    : net_address{net_address::kind::loopback, 0, self->local.port};
  if (self->local.port == 0) self->local.port = free_port(*self->home);
  self->at = stage::connecting;
  host& from = *self->home;
  post(arrival(from, *to), {&from,
                            to,
                            fresh_lanes(),
                            [this, fd, &from, to, target] { arrive_syn(fd, from, *to, target); },
                            {}});
  return -EINPROGRESS;
}

std::size_t wire::room(const connection& over, std::size_t sender) const noexcept {
  const connection::end& to = over.ends[1 - sender];
  const std::size_t used = to.received.size() + to.under_way;
  const std::size_t window = link(*over.ends[0].home, *over.ends[1].home).window;
  return window - std::min(window, used);
}

ssize_t wire::receive(int fd, std::span<std::byte> into) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->over == nullptr) return self->error != 0 ? -std::exchange(self->error, 0) : -ENOTCONN;
  const std::shared_ptr<connection> over = self->over;
  connection::end& here = over->ends[self->side];
  const std::size_t bytes = std::min(into.size(), here.received.size());
  if (bytes > 0) {
    std::copy_n(reinterpret_cast<const std::byte*>(here.received.data()), bytes, into.data());
    here.received.erase(0, bytes);
    const std::size_t peer = 1 - self->side;
    if (std::exchange(over->ends[peer].wants_room, false)) {
      post_to(over, peer, [this, over, peer] { notify(over->ends[peer].fd); });
    }
    return static_cast<ssize_t>(bytes);
  }
  if (self->error != 0) return -std::exchange(self->error, 0);
  if (here.fin_arrived || here.broken || into.empty()) return 0;
  return -EAGAIN;
}

ssize_t wire::send(int fd, std::span<const std::byte> from) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->error != 0) return -std::exchange(self->error, 0);
  if (self->over == nullptr) return self->at == stage::failed ? -EPIPE : -ENOTCONN;
  const std::shared_ptr<connection> over = self->over;
  const std::size_t side = self->side;
  connection::end& here = over->ends[side];
  if (here.broken || here.fin_sent) return -EPIPE;
  const link_options& through = link(*over->ends[0].home, *over->ends[1].home);
  std::size_t bytes = std::min(from.size(), room(*over, side));
  const bool cut = through.short_writes && bytes > 1;
  if (cut) bytes -= decides_.choose(static_cast<std::uint32_t>(bytes));
  if (bytes == 0 && !from.empty()) {
    here.wants_room = true;
    return -EAGAIN;
  }
  if (bytes < from.size() && room(*over, side) > bytes) {
    // There was room: as after a full buffer, an edge tells when it is worth another try.
    post(decides_.now(), {here.home, here.home, fresh_lanes(), [this, fd] { notify(fd); }, {}});
  } else if (bytes < from.size()) {
    here.wants_room = true;
  }
  const char* const data = reinterpret_cast<const char*>(from.data());
  over->ends[1 - side].under_way += bytes;
  for (std::size_t at = 0; at < bytes; at += through.segment) {
    std::string segment(data + at, std::min(through.segment, bytes - at));
    post_to(over, 1 - side,
            [this, over, side, segment = std::move(segment)] { deliver(over, 1 - side, segment); });
  }
  return static_cast<ssize_t>(bytes);
}

int wire::shut_down_writing(int fd) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->over == nullptr) return -ENOTCONN;
  const std::shared_ptr<connection> over = self->over;
  const std::size_t peer = 1 - self->side;
  if (over->ends[self->side].broken) return -ENOTCONN;
  if (std::exchange(over->ends[self->side].fin_sent, true)) return 0;
  post_to(over, peer, [this, over, peer] {
    over->ends[peer].fin_arrived = true;
    notify(over->ends[peer].fd);
  });
  return 0;
}

int wire::set_option(int fd, int level, int name, int value) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (level == IPPROTO_TCP && name == TCP_USER_TIMEOUT) {
    self->give_up = std::chrono::milliseconds{value};
  }
  return 0;
}

int wire::local_address(int fd, sockaddr* found, socklen_t* length) noexcept {
  int error = 0;
  const record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  write_address(self->local, self->family, found, length);
  return 0;
}

int wire::peer_address(int fd, sockaddr* found, socklen_t* length) noexcept {
  int error = 0;
  const record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->at != stage::connected) return -ENOTCONN;
  write_address(self->peer, self->family, found, length);
  return 0;
}

int wire::pending_error(int fd) noexcept {
  record* const self = find(fd);
  return self == nullptr ? EBADF
                         : std::exchange(self->error, self->error == ENETDOWN ? ENETDOWN : 0);
}

void wire::reset(int fd) noexcept {
  record* const self = find(fd);
  if (self == nullptr || self->over == nullptr) return;
  const std::shared_ptr<connection> over = self->over;
  send_reset(over, 1 - self->side);
  break_end(*over, self->side, 0);
}

void wire::close(int fd) noexcept {
  record* const self = find(fd);
  if (self == nullptr) return;
  for (const int newcomer : std::exchange(self->newcomers, {})) {
    reset(newcomer);
    close(newcomer);
  }
  if (const std::shared_ptr<connection> over = self->over) {
    connection::end& here = over->ends[self->side];
    const bool unread = !here.received.empty();
    if (unread && !here.broken) {
      send_reset(over, 1 - self->side);
    } else if (!here.broken) {
      shut_down_writing(fd);
    }
    here.fd = -1;
  }
  sockets_.erase(fd);
}

}  // namespace heddle::testing::detail
