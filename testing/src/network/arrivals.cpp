// SPDX-License-Identifier: MIT
// What arrives at a host: requests to connect, answers, bytes, ends and resets; and who is told.
#include "network/wire.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>

namespace heddle::testing::detail {

std::uint32_t wire::readiness_of(const record& of) const noexcept {
  switch (of.at) {
    case stage::fresh:
      return EPOLLOUT | EPOLLHUP;
    case stage::listening:
      return of.newcomers.empty() ? 0U : EPOLLIN;
    case stage::connecting:
      return 0;
    case stage::failed:
      return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP;
    case stage::connected:
      break;
  }
  const connection::end& here = of.over->ends[of.side];
  if (here.broken) return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP;
  std::uint32_t mask = 0;
  if (!here.received.empty()) mask |= EPOLLIN;
  if (here.fin_arrived) mask |= EPOLLIN | EPOLLRDHUP;
  if (here.fin_arrived && here.fin_sent) mask |= EPOLLHUP;
  if (room(*of.over, of.side) > 0) mask |= EPOLLOUT;
  return mask;
}

void wire::notify(int fd) {
  const record* const one = find(fd);
  if (one == nullptr || one->watched == nullptr) return;
  if (const std::uint32_t mask = readiness_of(*one)) {
    heddle::detail::report_events(*one->watched, mask);
  }
}

void wire::watch(int fd, heddle::detail::registration& entry) {
  record* const one = find(fd);
  if (one == nullptr) return;
  one->watched = &entry;
  // As the kernel does: what is so already is told soon.
  host& home = *one->home;
  post(decides_.now(), {&home, &home, fresh_lanes(), [this, fd] { notify(fd); }, {}});
}

void wire::unwatch(int fd) noexcept {
  if (record* const one = find(fd)) one->watched = nullptr;
}

wire::record* wire::listener_at(const host& on, const net_address& at) noexcept {
  for (auto& [fd, each] : sockets_) {
    const bool here = each.home == &on && each.at == stage::listening && each.local.port == at.port;
    const bool fits = each.local.what == net_address::kind::any || each.local.what == at.what;
    if (here && fits) return &each;
  }
  return nullptr;
}

void wire::arrive_syn(int client, host& from, host& to, const net_address& target) {
  record* const listening = listener_at(to, target);
  if (listening == nullptr) return refuse(client, from, to);
  if (listening->newcomers.size() < listening->backlog) {
    return establish(client, *listening, target);
  }
  // A full backlog drops it, and the client's kernel asks again.
  const auto again = decides_.now() + std::chrono::seconds{1};
  post(again, {&from,
               &to,
               fresh_lanes(),
               [this, client, &from, &to, target] { arrive_syn(client, from, to, target); },
               {}});
}

void wire::refuse(int client, host& from, host& to) {
  ++stats_.refused;
  post(arrival(to, from), {&to,
                           &from,
                           fresh_lanes(),
                           [this, client] {
                             record* const waits = find(client);
                             if (waits == nullptr || waits->at != stage::connecting) return;
                             waits->at = stage::failed;
                             waits->error = ECONNREFUSED;
                             notify(client);
                           },
                           {}});
}

void wire::establish(int client, record& listening, const net_address& target) {
  const record* const waits = find(client);
  host* const from = waits != nullptr ? waits->home : nullptr;
  if (from == nullptr) return;  // closed meanwhile: the request is void
  ++stats_.connections;
  record& server = open(*listening.home, listening.family);
  const auto over = std::make_shared<connection>(
      connection{{{{client, from}, {server.fd, listening.home}}}, fresh_lanes()});
  server.at = stage::connected;
  server.taken = false;
  server.over = over;
  server.side = 1;
  server.local = {target.what, target.ip, listening.local.port};
  server.peer = waits->local;
  server.give_up = listening.give_up;
  listening.newcomers.push_back(server.fd);
  notify(listening.fd);
  post_to(over, 0, [this, over, client] {
    record* const connected = find(client);
    if (connected == nullptr) {
      over->ends[0].fd = -1;
      return send_reset(over, 1);
    }
    connected->at = stage::connected;
    connected->over = over;
    connected->side = 0;
    notify(client);
  });
}

/// Sends something to the end on `side`, behind what is on its way there.
void wire::post_to(const std::shared_ptr<connection>& over, std::size_t side,
                   std::function<void()> happen) {
  connection::end& to = over->ends[side];
  host& from = *over->ends[1 - side].home;
  to.last_due = std::max(to.last_due, arrival(from, *to.home));
  post(to.last_due, {&from, to.home, over->lane + side,
                     [over, side, happen = std::move(happen)] {
                       ++over->ends[1 - side].arrivals;
                       happen();
                     },
                     [this, over, side] { watch_for_silence(over, 1 - side); }});
}

void wire::deliver(const std::shared_ptr<connection>& over, std::size_t side,
                   const std::string& bytes) {
  connection::end& to = over->ends[side];
  to.under_way -= bytes.size();
  if (to.fd < 0) return send_reset(over, 1 - side);
  if (to.broken) return;
  stats_.bytes += bytes.size();
  to.received += bytes;
  notify(to.fd);
}

void wire::send_reset(const std::shared_ptr<connection>& over, std::size_t side) {
  post_to(over, side, [this, over, side] { break_end(*over, side, ECONNRESET); });
}

void wire::break_end(connection& over, std::size_t side, int error) {
  connection::end& end = over.ends[side];
  if (std::exchange(end.broken, true)) return;
  if (error == ECONNRESET) ++stats_.resets;
  record* const one = find(end.fd);
  if (one == nullptr) return;
  if (error != 0) one->error = error;
  notify(end.fd);
}

/// What `sender` has sent cannot arrive: after its TCP_USER_TIMEOUT it gives up, unless something
/// has arrived by then.
void wire::watch_for_silence(const std::shared_ptr<connection>& over, std::size_t sender) {
  const record* const one = find(over->ends[sender].fd);
  if (one == nullptr || one->give_up.count() == 0) return;
  host& home = *one->home;
  const std::uint64_t arrived = over->ends[sender].arrivals;
  post(decides_.now() + one->give_up, {&home,
                                       &home,
                                       fresh_lanes(),
                                       [this, over, sender, arrived] {
                                         if (over->ends[sender].arrivals != arrived) return;
                                         break_end(*over, sender, ETIMEDOUT);
                                       },
                                       {}});
}

}  // namespace heddle::testing::detail
