// SPDX-License-Identifier: MIT
// Hosts, links, and events; the calls are in sockets.cpp, what arrives in arrivals.cpp.
#include "network/wire.hpp"

#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace heddle::testing::detail {

namespace {

/// Numbers of sockets that were open when their run ended: who holds a handle of one may still use
/// it, in a run that must not mistake the number for one of its own.
struct stale_numbers {
  std::mutex lock;
  std::set<int> all;
};

stale_numbers& stale() {
  static auto* const numbers = new stale_numbers;  // outlives simulations that are static
  return *numbers;
}

}  // namespace

void wire::remember_stale() {
  const std::lock_guard guard(stale().lock);
  for (const auto& [fd, each] : sockets_) {
    if (each.taken) stale().all.insert(fd);
  }
}

void wire::forget_stale(int fd) noexcept {
  const std::lock_guard guard(stale().lock);
  stale().all.erase(fd);
}

int wire::fresh_number() noexcept {
  const std::lock_guard guard(stale().lock);
  while (stale().all.contains(next_fd_)) ++next_fd_;
  return next_fd_++;
}

void wire::begin() {
  remember_stale();
  sockets_.clear();
  by_port_.clear();
  events_.clear();
  held_.clear();
  next_fd_ = first_simulated_descriptor;
  stats_ = {};
  now_ = set_up_;
  for (const auto& each : hosts_) {
    each->down = false;
    each->next_port = first_free_port;
  }
}

/// What a fiber changes is for its run.
wire::topology& wire::layout() noexcept { return this_fiber::exists() ? now_ : set_up_; }

std::string wire::describe_open() const {
  std::string result;
  for (const auto& [fd, each] : sockets_) {
    if (!each.taken) continue;
    result += "  one of host " + each.home->name;
    if (each.at == stage::listening) result += " that listens";
    if (each.local.port != 0) result += ", port " + std::to_string(each.local.port);
    if (each.peer.port != 0) result += ", connected to port " + std::to_string(each.peer.port);
    result += '\n';
  }
  return result;
}

wire::host& wire::host_named(std::string_view name) {
  if (name == "localhost") return current();
  const auto found = std::find_if(hosts_.begin(), hosts_.end(),
                                  [&](const auto& each) { return each->name == name; });
  if (found != hosts_.end()) return **found;
  constexpr std::uint32_t first = 10U << 24 | 1;  // 10.0.0.1
  const auto ip = first + static_cast<std::uint32_t>(hosts_.size());
  hosts_.push_back(std::make_unique<host>(host{std::string(name), ip}));
  return *hosts_.back();
}

wire::host& wire::current() { return host_named(host_variable().get()); }

wire::host* wire::host_at(std::uint32_t ip) noexcept {
  const auto found =
      std::find_if(hosts_.begin(), hosts_.end(), [ip](const auto& each) { return each->ip == ip; });
  return found == hosts_.end() ? nullptr : found->get();
}

std::uint32_t wire::address_of(std::string_view name) { return host_named(name).ip; }

wire::pair wire::between(const host& one, const host& other) noexcept {
  return one.ip < other.ip ? pair(&one, &other) : pair(&other, &one);
}

const link_options& wire::link(const host& one, const host& other) const noexcept {
  const auto found = now_.links.find(between(one, other));
  return found == now_.links.end() ? now_.usual : found->second;
}

void wire::set_links(const link_options& options) {
  layout().usual = options;
  rouse_writers();
}

void wire::set_link(std::string_view one, std::string_view other, const link_options& options) {
  layout().links[between(host_named(one), host_named(other))] = options;
  rouse_writers();
}

/// A window may have become wider.
void wire::rouse_writers() {
  for (auto& [fd, each] : sockets_) {
    if (each.at != stage::connected) continue;
    connection::end& here = each.over->ends[each.side];
    if (!here.wants_room || room(*each.over, each.side) == 0) continue;
    here.wants_room = false;
    disarm(here.until_room);
    post_here(decides_.now(),
              [this, over = each.over, side = each.side] { offer_room(over, side); });
  }
}

void wire::part(std::string_view one, std::string_view other, bool parted) {
  layout().parted[between(host_named(one), host_named(other))] = parted;
  release_held();
  reconsider_all();
}

bool wire::is_parted(const host& one, const host& other) const noexcept {
  const auto found = now_.parted.find(between(one, other));
  return found != now_.parted.end() && found->second;
}

bool wire::is_held(const event& what) const noexcept {
  return what.to != nullptr && (what.to->down || is_parted(*what.from, *what.to));
}

/// Sends again what can arrive now, and behind it what its lanes have under way.
void wire::release_held() {
  std::vector<event> freed;
  std::vector<event> still_held;
  std::map<const lane*, clock::time_point> lanes;  // asked only: pointers have no order of theirs
  for (event& each : std::exchange(held_, {})) {
    const bool still = is_held(each);
    if (!still) lanes[each.in.get()] = decides_.now() + link(*each.from, *each.to).latency;
    (still ? still_held : freed).push_back(std::move(each));
  }
  held_ = std::move(still_held);
  for (auto at = events_.begin(); at != events_.end() && !lanes.empty();) {
    const auto found = lanes.find(at->second.in.get());
    const bool behind = found != lanes.end() && at->first <= found->second;
    if (behind) freed.push_back(std::move(at->second));
    at = behind ? events_.erase(at) : std::next(at);
  }
  for (event& each : freed) {
    const clock::time_point when = lanes[each.in.get()];
    post(when, std::move(each));
  }
}

/// Returns when something that is sent now arrives.
clock::time_point wire::arrival(const host& from, const host& to) {
  const link_options& over = link(from, to);
  clock::time_point when = decides_.now() + over.latency;
  constexpr std::uint32_t grades = 8;
  if (over.jitter.count() > 0) when += over.jitter * decides_.choose(grades) / (grades - 1);
  return when;
}

void wire::post(clock::time_point when, event what) {
  what.in->last_due = std::max(what.in->last_due, when);
  events_.emplace(when, std::move(what));
}

/// Something that does not cross from host to host.
void wire::post_here(clock::time_point when, std::function<void()> happen) {
  post(when, {nullptr, nullptr, std::make_shared<lane>(), std::move(happen)});
}

void wire::arm(timer& which, clock::time_point when, std::function<void()> happen) {
  disarm(which);
  const auto expire = [&which, happen = std::move(happen)] {
    which.reset();
    happen();
  };
  which = events_.emplace(when, event{nullptr, nullptr, std::make_shared<lane>(), expire});
}

void wire::disarm(timer& which) noexcept {
  if (which) events_.erase(*which);
  which.reset();
}

void wire::disarm(connection::end& timers_of) noexcept {
  disarm(timers_of.until_room);
  disarm(timers_of.until_answer);
}

/// Sends something to the end on `side`, behind what is on its way there.
void wire::post_to(const connection_ref& over, std::size_t side, std::function<void()> happen,
                   owes peer) {
  const connection::end& to = over->ends[side];
  host& from = *over->ends[1 - side].home;
  std::function<void()> held_up;
  if (peer == owes::an_answer) held_up = [this, over, side] { sent_in_vain(over, 1 - side); };
  post(std::max(to.towards->last_due, arrival(from, *to.home)),
       {&from, to.home, to.towards, std::move(happen), std::move(held_up)});
}

clock::time_point wire::next_event() const noexcept {
  return events_.empty() ? clock::time_point::max() : events_.begin()->first;
}

bool wire::run_event() {
  if (next_event() > decides_.now()) return false;
  // Those that come first, the oldest of each lane.
  const auto same_time = events_.equal_range(events_.begin()->first);
  std::vector<event_map::iterator> first;
  for (auto each = same_time.first; each != same_time.second; ++each) {
    const auto lane_of = [&](const auto& other) { return other->second.in == each->second.in; };
    if (std::none_of(first.begin(), first.end(), lane_of)) first.push_back(each);
  }
  const auto at = first[decides_.choose(static_cast<std::uint32_t>(first.size()))];
  event happens = std::move(at->second);
  events_.erase(at);
  if (!is_held(happens)) {
    happens.happen();
  } else {
    if (happens.held_up) happens.held_up();
    if (happens.then == when_held::kept) held_.push_back(std::move(happens));
  }
  return true;
}

void wire::reset_connections(std::string_view one, std::string_view other) {
  const pair these = between(host_named(one), host_named(other));
  for (auto& [fd, each] : sockets_) {
    if (each.over == nullptr) continue;
    connection& over = *each.over;
    if (between(*over.ends[0].home, *over.ends[1].home) == these) {
      arrive_reset(over, each.side);
    }
  }
}

void wire::crash(std::string_view name) {
  host& dead = host_named(name);
  dead.down = true;
  for (auto& [fd, each] : sockets_) {
    if (each.home != &dead) continue;
    if (each.over != nullptr) {
      connection::end& lost = each.over->ends[each.side];
      lost.fd = -1;
      lost.broken = true;
      disarm(lost);
    }
    each.over = nullptr;
    set_local(each, {});
    each.at = stage::failed;
    each.error = ENETDOWN;
    notify(fd);
  }
  reconsider_all();
}

void wire::restart(std::string_view name) {
  host_named(name).down = false;
  release_held();
  reconsider_all();
}

/// Something has changed about who can answer whom.
void wire::reconsider_all() {
  for (auto& [fd, each] : sockets_) {
    if (each.at == stage::connected) reconsider(each.over, each.side);
  }
}

}  // namespace heddle::testing::detail
