// SPDX-License-Identifier: MIT
// Hosts, links, and events; the calls are in sockets.cpp, what arrives in arrivals.cpp.
#include "network/wire.hpp"

#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

namespace heddle::testing::detail {

void wire::begin() {
  sockets_.clear();
  events_.clear();
  held_.clear();
  next_fd_ = first_simulated_descriptor;
  lanes_ = 0;
  stats_ = {};
  now_ = set_up_;
  for (const auto& each : hosts_) {
    each->down = false;
    each->next_port = 49152;
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

void wire::set_link(std::string_view one, std::string_view other, const link_options& options) {
  layout().links[between(host_named(one), host_named(other))] = options;
}

void wire::part(std::string_view one, std::string_view other, bool parted) {
  host& a = host_named(one);
  host& b = host_named(other);
  layout().parted[between(a, b)] = parted;
  if (parted) return;
  std::vector<event> still_held;
  for (event& each : std::exchange(held_, {})) {
    if (between(*each.from, *each.to) == between(a, b)) {
      const clock::time_point when = decides_.now() + link(a, b).latency;
      post(when, std::move(each));
    } else {
      still_held.push_back(std::move(each));
    }
  }
  held_ = std::move(still_held);
}

/// Returns when something that is sent now arrives.
clock::time_point wire::arrival(const host& from, const host& to) {
  const link_options& over = link(from, to);
  clock::time_point when = decides_.now() + over.latency;
  constexpr std::uint32_t grades = 8;
  if (over.jitter.count() > 0) when += over.jitter * decides_.choose(grades) / (grades - 1);
  return when;
}

void wire::post(clock::time_point when, event what) { events_.emplace(when, std::move(what)); }

clock::time_point wire::next_event() const noexcept {
  return events_.empty() ? clock::time_point::max() : events_.begin()->first;
}

bool wire::run_event() {
  if (next_event() > decides_.now()) return false;
  // Those that come first, the oldest of each lane.
  const auto same_time = events_.equal_range(events_.begin()->first);
  std::vector<std::multimap<clock::time_point, event>::iterator> first;
  for (auto each = same_time.first; each != same_time.second; ++each) {
    const auto lane_of = [&](const auto& other) { return other->second.lane == each->second.lane; };
    if (std::none_of(first.begin(), first.end(), lane_of)) first.push_back(each);
  }
  const auto at = first[decides_.choose(static_cast<std::uint32_t>(first.size()))];
  event happens = std::move(at->second);
  events_.erase(at);
  const auto parted = now_.parted.find(between(*happens.from, *happens.to));
  if (parted != now_.parted.end() && parted->second) {
    if (happens.held_up) happens.held_up();
    held_.push_back(std::move(happens));
  } else if (happens.to->down) {
    if (happens.held_up) happens.held_up();
  } else {
    happens.happen();
  }
  return true;
}

void wire::reset_connections(std::string_view one, std::string_view other) {
  const pair these = between(host_named(one), host_named(other));
  for (auto& [fd, each] : sockets_) {
    if (each.over == nullptr) continue;
    connection& over = *each.over;
    if (between(*over.ends[0].home, *over.ends[1].home) == these) {
      break_end(over, each.side, ECONNRESET);
    }
  }
}

void wire::crash(std::string_view name) {
  host& dead = host_named(name);
  dead.down = true;
  for (auto& [fd, each] : sockets_) {
    if (each.home != &dead) continue;
    if (each.over != nullptr) each.over->ends[each.side].fd = -1;
    each.over = nullptr;
    each.at = stage::failed;
    each.error = ENETDOWN;
    notify(fd);
  }
}

void wire::restart(std::string_view name) { host_named(name).down = false; }

}  // namespace heddle::testing::detail
