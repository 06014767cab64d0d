// SPDX-License-Identifier: MIT
// What arrives at a host: requests to connect, answers, bytes, ends and resets; who is told; and
// what becomes of connections where nothing arrives.
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
  if (here.fin_sent || room(*of.over, of.side) > 0) mask |= EPOLLOUT;
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
  post_here(decides_.now(), [this, fd] { notify(fd); });
}

void wire::unwatch(int fd) noexcept {
  if (record* const one = find(fd)) one->watched = nullptr;
}

/// Returns who gets a request: of those it fits, the one whose address says most; of several that
/// share a port, whom the seed chooses.
wire::record* wire::listener_at(const host& on, const net_address& at) noexcept {
  std::vector<record*> best;
  for (record* const each : at_port(on, at.port)) {
    if (each->at != stage::listening || !covers(each->local, at)) continue;
    const bool any = each->local.is_any();
    if (!best.empty() && any && !best.front()->local.is_any()) continue;
    if (!best.empty() && !any && best.front()->local.is_any()) best.clear();
    best.push_back(each);
  }
  if (best.empty()) return nullptr;
  return best[decides_.choose(static_cast<std::uint32_t>(best.size()))];
}

void wire::send_request(const request& what) {
  post(arrival(*what.from, *what.to),
       {what.from, what.to, std::make_shared<lane>(), [this, what] { arrive_request(what); },
        [this, what] { repeat_request(what); }, when_held::lost});
}

void wire::arrive_request(const request& what) {
  const record* const waits = find(what.client);
  if (waits == nullptr || waits->at != stage::connecting) return;  // meanwhile it is void
  record* const listening = listener_at(*what.to, what.target);
  if (listening == nullptr) return refuse(what);
  // A full backlog drops it.
  if (listening->newcomers.size() >= listening->backlog) return repeat_request(what);
  establish(what, *listening);
}

/// A request was lost: the client's kernel sends it again, 1, 3, 7, 15, 31 and 63 s after it sent
/// it first, and gives up after 127 s, or after TCP_USER_TIMEOUT.
void wire::repeat_request(const request& what) {
  const record* const waits = find(what.client);
  if (waits == nullptr || waits->at != stage::connecting) return;
  constexpr unsigned most = 6;
  const auto after = [&](unsigned repeats) {
    return what.began + std::chrono::seconds{(1U << (repeats + 1)) - 1};
  };
  auto end = after(most);
  if (waits->set.give_up.count() != 0) end = std::min(end, what.began + waits->set.give_up);
  const auto next = std::max(std::min(after(what.repeats), end), decides_.now());
  post_here(next, [this, what, end] {
    const record* const still = find(what.client);
    if (still == nullptr || still->at != stage::connecting) return;
    if (decides_.now() >= end) return fail(what.client, ETIMEDOUT);
    request again = what;
    ++again.repeats;
    send_request(again);
  });
}

void wire::refuse(const request& what) {
  ++stats_.refused;
  post(arrival(*what.to, *what.from),
       {what.to, what.from, std::make_shared<lane>(),
        [this, client = what.client] { fail(client, ECONNREFUSED); }});
}

void wire::fail(int client, int error) {
  record* const waits = find(client);
  if (waits == nullptr || waits->at != stage::connecting) return;
  waits->at = stage::failed;
  waits->error = error;
  notify(client);
}

void wire::establish(const request& what, record& listening) {
  ++stats_.connections;
  record& server = open(*listening.home, listening.family);
  const connection_ref over = std::make_shared<connection>(
      connection{{{{what.client, what.from, std::make_shared<lane>()},
                   {server.fd, listening.home, std::make_shared<lane>()}}}});
  server.at = stage::connected;
  server.taken = false;
  server.over = over;
  server.side = 1;
  set_local(server, what.target);
  server.peer = find(what.client)->local;
  server.set = listening.set;
  listening.newcomers.push_back(server.fd);
  notify(listening.fd);
  reconsider(over, 1);
  post_to(over, 0, [this, over, client = what.client] { finish_connect(over, client); });
}

void wire::finish_connect(const connection_ref& over, int client) {
  record* const waits = find(client);
  if (waits == nullptr || waits->at != stage::connecting) {
    over->ends[0].fd = -1;
    over->ends[0].broken = true;
    return send_reset(over, 1);
  }
  waits->at = stage::connected;
  waits->over = over;
  waits->side = 0;
  notify(client);
  reconsider(over, 0);
}

void wire::deliver(const connection_ref& over, std::size_t side, const std::string& bytes) {
  connection::end& to = over->ends[side];
  to.under_way -= bytes.size();
  if (to.fd < 0 || to.broken) return send_reset(over, 1 - side);
  stats_.bytes += bytes.size();
  to.received += bytes;
  notify(to.fd);
}

void wire::end_input(const connection_ref& over, std::size_t side) {
  connection::end& to = over->ends[side];
  if (to.broken) return send_reset(over, 1 - side);
  to.fin_arrived = true;
  for (const std::size_t each : {side, 1 - side}) {
    if (is_over(*over, each)) disarm(over->ends[each]);
  }
  notify(to.fd);
}

void wire::send_reset(const connection_ref& over, std::size_t side) {
  if (over->ends[side].broken) return;  // there is nobody to tell
  post_to(
      over, side, [this, over, side] { arrive_reset(*over, side); }, owes::no);
}

/// Returns whether both have ended it: nothing happens to it any more.
bool wire::is_over(const connection& over, std::size_t side) noexcept {
  const connection::end& here = over.ends[side];
  return here.fin_arrived && here.fin_sent && over.ends[1 - side].fin_arrived;
}

void wire::arrive_reset(connection& over, std::size_t side) {
  const connection::end& here = over.ends[side];
  if (here.broken || is_over(over, side)) return;
  if (!std::exchange(over.was_reset, true)) ++stats_.resets;
  // Whoever has seen the end is told that nobody reads, not that something is missing.
  break_end(over, side, here.fin_arrived && !here.fin_sent ? EPIPE : ECONNRESET);
}

void wire::break_end(connection& over, std::size_t side, int error) {
  connection::end& end = over.ends[side];
  if (std::exchange(end.broken, true)) return;
  disarm(end);
  record* const one = find(end.fd);
  if (one == nullptr) return;
  if (error != 0) one->error = error;
  notify(end.fd);
}

/// Ends a connection without a word to the peer, who learns of it when it says something.
void wire::give_up(const connection_ref& over, std::size_t side) {
  if (over->ends[side].broken || is_over(*over, side)) return;
  break_end(*over, side, ETIMEDOUT);
}

/// A send has found no room.
void wire::want_room(const connection_ref& over, std::size_t side) {
  if (!std::exchange(over->ends[side].wants_room, true)) watch_room(over, side);
}

/// The window of the end on `side` may be open; it may have become narrower, too.
void wire::offer_room(const connection_ref& over, std::size_t side) {
  if (over->ends[side].broken) return;
  if (room(*over, side) == 0) return want_room(over, side);
  notify(over->ends[side].fd);
}

/// Has a window that stays shut for TCP_USER_TIMEOUT end the connection, as Linux does, though its
/// probes are answered.
void wire::watch_room(const connection_ref& over, std::size_t side) {
  connection::end& here = over->ends[side];
  const record* const one = find(here.fd);
  disarm(here.until_room);
  if (here.broken || one == nullptr || one->set.give_up.count() == 0) return;
  arm(here.until_room, decides_.now() + one->set.give_up,
      [this, over, side] { give_up(over, side); });
}

/// Returns whether the peer of the end on `side` cannot answer it.
bool wire::is_silent(const connection& over, std::size_t side) const noexcept {
  const host& peer = *over.ends[1 - side].home;
  return peer.down || is_parted(*over.ends[side].home, peer);
}

/// The end on `side` may have lost its peer, or may reach it again.
void wire::reconsider(const connection_ref& over, std::size_t side) {
  connection::end& here = over->ends[side];
  const bool silent = is_silent(*over, side);
  if (here.broken || is_over(*over, side) || silent == here.silent_since.has_value()) return;
  const clock::time_point last_heard = here.silent_since.value_or(decides_.now());
  here.owed = false;
  here.silent_since.reset();
  disarm(here.until_answer);
  if (silent) {
    here.silent_since = last_heard;
    watch_silence(over, side);
  } else if (over->ends[1 - side].broken) {
    probe(over, side, last_heard);
  }
}

/// Has the end give up when its peer has been silent for TCP_USER_TIMEOUT. Until it fell silent, it
/// has answered probes.
void wire::watch_silence(const connection_ref& over, std::size_t side) {
  connection::end& here = over->ends[side];
  const record* const one = find(here.fd);
  disarm(here.until_answer);
  if (here.broken || one == nullptr || one->set.give_up.count() == 0) return;
  if (!one->set.keep_alive && !here.owed) return;  // it asks for nothing
  arm(here.until_answer, std::max(decides_.now(), *here.silent_since + one->set.give_up),
      [this, over, side] { give_up(over, side); });
}

/// What the end on `side` has sent cannot arrive. While something waits for its answer the kernel
/// does not probe; silence counts from the first such.
void wire::sent_in_vain(const connection_ref& over, std::size_t side) {
  connection::end& here = over->ends[side];
  if (here.broken || here.owed || !here.silent_since) return;
  here.owed = true;
  here.silent_since = decides_.now();
  watch_silence(over, side);
}

/// There is no connection at the peer any more: the next probe is answered with a reset.
void wire::probe(const connection_ref& over, std::size_t side, clock::time_point last_heard) {
  connection::end& here = over->ends[side];
  const record* const one = find(here.fd);
  if (here.broken || one == nullptr || !one->set.keep_alive) return;
  clock::time_point next = last_heard + one->set.first_probe;
  if (next < decides_.now()) {
    const auto behind = decides_.now() - next;
    next += (behind / one->set.between_probes + 1) * one->set.between_probes;
  }
  arm(here.until_answer, next, [this, over, side] { send_reset(over, side); });
}

}  // namespace heddle::testing::detail
