// SPDX-License-Identifier: MIT
// The calls of a socket, as Linux answers them.
#include "network/wire.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace heddle::testing::detail {

namespace {

net_address loopback(std::uint16_t port) noexcept {
  return {net_address::kind::four, INADDR_LOOPBACK, port};
}

}  // namespace

wire::record* wire::find(int fd) noexcept {
  const auto found = sockets_.find(fd);
  return found == sockets_.end() ? nullptr : &found->second;
}

/// Returns the socket; null if there is none, or its host is down: then `error` says so.
wire::record* wire::find_up(int fd, int& error) noexcept {
  record* const found = find(fd);
  const bool down = found != nullptr && (found->home->down || found->error == ENETDOWN);
  error = found == nullptr ? -EBADF : down ? -ENETDOWN : 0;
  return error == 0 ? found : nullptr;
}

wire::record& wire::open(host& on, int family) {
  const int fd = fresh_number();
  return sockets_.emplace(fd, record{fd, &on, family}).first->second;
}

int wire::socket(int family) noexcept {
  if (family != AF_INET && family != AF_INET6) return -EAFNOSUPPORT;
  return open(current(), family).fd;
}

void wire::set_local(record& of, const net_address& local) {
  const auto [first, last] = by_port_.equal_range(of.local.port);
  const auto entry =
      std::find_if(first, last, [&](const auto& each) { return each.second == of.fd; });
  if (entry != last) by_port_.erase(entry);
  of.local = local;
  if (local.port != 0) by_port_.emplace(local.port, of.fd);
}

std::vector<wire::record*> wire::at_port(const host& on, std::uint16_t port) noexcept {
  std::vector<record*> found;
  const auto [first, last] = by_port_.equal_range(port);
  std::for_each(first, last, [&](const auto& each) {
    record* const one = find(each.second);
    if (one->home == &on) found.push_back(one);
  });
  return found;
}

/// Returns whether the address of `by` is another's, too, as Linux decides about SO_REUSEADDR and
/// SO_REUSEPORT.
bool wire::is_taken(const record& by) noexcept {
  const std::vector<record*> all = at_port(*by.home, by.local.port);
  return std::any_of(all.begin(), all.end(), [&](const record* other) {
    const bool shared = other->set.reuse_port && by.set.reuse_port;
    const bool left_over =
        other->set.reuse_address && by.set.reuse_address && other->at != stage::listening;
    return other != &by && overlap(other->local, by.local) && !shared && !left_over;
  });
}

/// Returns 0 if there is none.
std::uint16_t wire::free_port(host& on) noexcept {
  constexpr std::uint16_t last = 65535;
  for (unsigned n = first_free_port; n <= last; ++n) {
    const std::uint16_t port = on.next_port;
    on.next_port = port == last ? first_free_port : static_cast<std::uint16_t>(port + 1);
    if (at_port(on, port).empty()) return port;
  }
  return 0;
}

int wire::bind(int fd, const sockaddr* local, socklen_t length) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->at != stage::fresh || self->local.port != 0) return -EINVAL;
  net_address wanted = read_address(local, length);
  const bool foreign = wanted.what == net_address::kind::four && !wanted.is_loopback() &&
                       wanted.ip != self->home->ip;
  if (wanted.what == net_address::kind::none || foreign) return -EADDRNOTAVAIL;
  if (wanted.port == 0) wanted.port = free_port(*self->home);
  if (wanted.port == 0) return -EADDRINUSE;
  set_local(*self, wanted);
  if (!is_taken(*self)) return 0;
  set_local(*self, {});
  return -EADDRINUSE;
}

int wire::listen(int fd, int backlog) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->at != stage::fresh && self->at != stage::listening) return -EINVAL;
  if (self->local.port == 0) {
    const bool four = self->family == AF_INET;
    const std::uint16_t port = free_port(*self->home);
    if (port == 0) return -EADDRINUSE;
    set_local(*self, {four ? net_address::kind::any_four : net_address::kind::any, 0, port});
  }
  if (self->at == stage::fresh && is_taken(*self)) return -EADDRINUSE;
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

/// Returns the address of `home` that speaks to `target`.
net_address wire::source_for(const net_address& target, const host& home) noexcept {
  if (target.what == net_address::kind::six_loopback) return target;
  return {target.what, target.is_loopback() ? INADDR_LOOPBACK : home.ip};
}

int wire::connect(int fd, const sockaddr* peer, socklen_t length) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->at == stage::connecting) return -EALREADY;
  if (self->at == stage::connected) return -EISCONN;
  if (self->at != stage::fresh) return -EINVAL;
  net_address target = read_address(peer, length);
  if (target.what == net_address::kind::none || target.port == 0) return -ENETUNREACH;
  if (target.what == net_address::kind::any) target.what = net_address::kind::six_loopback;
  if (target.what == net_address::kind::any_four) target = loopback(target.port);
  const bool six = target.what == net_address::kind::six_loopback;
  if (six && self->family != AF_INET6) return -EAFNOSUPPORT;
  host* const to = target.is_loopback() ? self->home : host_at(target.ip);
  if (to == nullptr) return -ENETUNREACH;
  net_address local = self->local;
  if (local.what == net_address::kind::none || local.is_any()) {
    local = source_for(target, *self->home);
  }
  local.port = self->local.port != 0 ? self->local.port : free_port(*self->home);
  if (local.port == 0) return -EADDRNOTAVAIL;
  set_local(*self, local);
  self->peer = target;
  self->at = stage::connecting;
  send_request({fd, self->home, to, target, decides_.now()});
  return -EINPROGRESS;
}

std::size_t wire::room(const connection& over, std::size_t sender) const noexcept {
  const connection::end& to = over.ends[1 - sender];
  const std::size_t used = to.received.size() + to.under_way;
  const std::size_t window = link(*over.ends[0].home, *over.ends[1].home).window;
  return window - std::min(window, used);
}

/// Tells the end on `side` that its peer has read.
void wire::tell_of_room(const connection_ref& over, std::size_t side) {
  disarm(over->ends[side].until_room);
  const auto happen = [this, over, side] {
    if (over->ends[side].broken) return send_reset(over, 1 - side);
    offer_room(over, side);
  };
  post_to(over, side, happen, owes::no);
}

ssize_t wire::receive(int fd, std::span<std::byte> into) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->over == nullptr) return self->error != 0 ? -std::exchange(self->error, 0) : -ENOTCONN;
  const connection_ref over = self->over;
  connection::end& here = over->ends[self->side];
  const std::size_t bytes = std::min(into.size(), here.received.size());
  if (bytes > 0) {
    std::copy_n(reinterpret_cast<const std::byte*>(here.received.data()), bytes, into.data());
    here.received.erase(0, bytes);
    const std::size_t peer = 1 - self->side;
    if (std::exchange(over->ends[peer].wants_room, false)) tell_of_room(over, peer);
    return static_cast<ssize_t>(bytes);
  }
  if (here.fin_arrived) return 0;  // an error that came behind the end is for writers
  if (self->error != 0) return -std::exchange(self->error, 0);
  if (here.broken || into.empty()) return 0;
  return -EAGAIN;
}

bool wire::can_receive(int fd) noexcept {
  int error = 0;
  const record* const self = find_up(fd, error);
  if (self == nullptr || self->over == nullptr || self->error != 0) return true;
  const connection::end& here = self->over->ends[self->side];
  return !here.received.empty() || here.fin_arrived || here.broken;
}

ssize_t wire::send(int fd, std::span<const std::byte> from) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  if (self->error != 0) return -std::exchange(self->error, 0);
  if (self->over == nullptr) return self->at == stage::failed ? -EPIPE : -ENOTCONN;
  const connection_ref over = self->over;
  const std::size_t side = self->side;
  connection::end& here = over->ends[side];
  if (here.broken || here.fin_sent) return -EPIPE;
  const link_options& through = link(*over->ends[0].home, *over->ends[1].home);
  std::size_t bytes = std::min(from.size(), room(*over, side));
  const bool cut = through.short_writes && bytes > 1;
  if (cut) bytes -= decides_.choose(static_cast<std::uint32_t>(bytes));
  if (bytes == 0 && !from.empty()) {
    want_room(over, side);
    return -EAGAIN;
  }
  if (bytes < from.size() && room(*over, side) > bytes) {
    // There was room: as after a full buffer, an edge tells when it is worth another try.
    post_here(decides_.now(), [this, fd] { notify(fd); });
  } else if (bytes < from.size()) {
    want_room(over, side);
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
  const connection_ref over = self->over;
  const std::size_t peer = 1 - self->side;
  if (over->ends[self->side].broken || is_over(*over, self->side)) return -ENOTCONN;
  if (std::exchange(over->ends[self->side].fin_sent, true)) return 0;
  post_to(over, peer, [this, over, peer] { end_input(over, peer); });
  return 0;
}

int wire::set_option(int fd, int level, int name, int value) noexcept {
  int error = 0;
  record* const self = find_up(fd, error);
  if (self == nullptr) return error;
  settings& set = self->set;
  if (level == SOL_SOCKET && name == SO_REUSEADDR) set.reuse_address = value != 0;
  if (level == SOL_SOCKET && name == SO_REUSEPORT) set.reuse_port = value != 0;
  if (level == SOL_SOCKET && name == SO_KEEPALIVE) set.keep_alive = value != 0;
  if (level == IPPROTO_TCP && name == TCP_KEEPIDLE) set.first_probe = std::chrono::seconds{value};
  if (level == IPPROTO_TCP && name == TCP_KEEPINTVL) {
    set.between_probes = std::chrono::seconds{std::max(value, 1)};
  }
  if (level == IPPROTO_TCP && name == TCP_USER_TIMEOUT) {
    set.give_up = std::chrono::milliseconds{value};
  }
  if (self->at != stage::connected) return 0;
  const connection::end& here = self->over->ends[self->side];
  if (here.wants_room) watch_room(self->over, self->side);
  if (here.silent_since) watch_silence(self->over, self->side);
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
  if (self->at != stage::connected || self->over->ends[self->side].broken ||
      is_over(*self->over, self->side)) {
    return -ENOTCONN;
  }
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
  if (self == nullptr || self->over == nullptr || self->over->ends[self->side].broken) return;
  const connection_ref over = self->over;
  send_reset(over, 1 - self->side);
  break_end(*over, self->side, 0);
}

void wire::close(int fd) noexcept {
  record* const self = find(fd);
  if (self == nullptr) return forget_stale(fd);
  for (const int newcomer : std::exchange(self->newcomers, {})) {
    reset(newcomer);
    close(newcomer);
  }
  if (const connection_ref over = self->over) {
    connection::end& here = over->ends[self->side];
    if (here.received.empty()) {
      shut_down_writing(fd);
    } else {
      reset(fd);  // its bytes have not been read
    }
    disarm(here);
    here.fd = -1;
  }
  set_local(*self, {});
  sockets_.erase(fd);
}

}  // namespace heddle::testing::detail
