// SPDX-License-Identifier: MIT
// Accepting, the list of connections, and what the outside asks of them.
#include "proxy/core.hpp"

#include "proxy/check.hpp"

#include <heddle/runtime/cancel.hpp>

#include <exception>
#include <utility>

namespace heddle::testing::detail {

namespace {

fault_proxy_options checked(fault_proxy_options options) {
  check(options);
  return options;
}

config one_loop() {
  config settings;
  settings.loops = 1;
  settings.name = "fault-proxy";
  settings.on_stall = [](const stall_report&) {};  // held connections are meant to stand still
  return settings;
}

}  // namespace

proxy_core::proxy_core(io::endpoint target, fault_proxy_options options)
    : target_(std::move(target)), options_(checked(std::move(options))), runtime_(one_loop()) {
  if (!options_.plan_for) plan_ = std::make_shared<const proxy_plan>(options_.plan);
  treat(newcomers::accept);
}

proxy_core::~proxy_core() {
  acceptor_ = {};
  listener_.close();
  end_connections(proxy_ending::close);
  shield([this] {
    board_.wait_until([](const proxy_stats& counts) { return counts.live == 0; }, {});
  });
}

io::tcp_listener proxy_core::listen() const {
  io::listen_options listening;
  listening.backlog = options_.backlog;
  return io::tcp_listener::bind(port_.where(), listening);
}

void proxy_core::treat(newcomers how) {
  if (how != newcomers::accept) acceptor_ = {};  // cancelled and joined: it accepts nobody more
  if (how == newcomers::refuse) listener_.close();
  if (how != newcomers::refuse && !listener_.is_open()) listener_ = listen();
  if (how == newcomers::accept && !acceptor_.joinable()) {
    acceptor_ = runtime_.spawn({.name = "accept"}, [this] { accept_all(); });
  }
}

void proxy_core::accept_all() {
  const auto has_room = [this](const proxy_stats& counts) {
    return counts.live < options_.max_connections;
  };
  for (;;) {
    board_.wait_until(has_room, {});
    begin(listener_.accept());
  }
}

void proxy_core::begin(io::tcp_stream client) {
  const std::uint64_t number = ++last_number_;
  shared_connection fresh;
  try {
    fresh = enter(number, client);
  } catch (const cancelled&) {  // inside plan_for: nobody accepts any more
    turn_away(client);
    throw;
  } catch (...) {  // no memory; or plan_for threw
    turn_away(client);
    return;
  }
  try {
    runtime_.spawn([this, fresh = std::move(fresh), number] { carry(*fresh, number); }).detach();
  } catch (const std::exception&) {  // no stack; the stream closes
    board_.update([](proxy_stats& counts) { ++counts.failed; });
    leave(number);
  }
}

/// Counts last: who has been told of a connection can change its plan.
proxy_core::shared_connection proxy_core::enter(std::uint64_t number, io::tcp_stream& client) {
  auto plan = plan_of(number);
  auto fresh =
      std::make_shared<connection>(number, std::move(client), std::move(plan), options_, board_);
  {
    const std::lock_guard guard(lock_);
    if (plan_) fresh->set_plan(plan_);  // set_plan() may have come since
    live_.emplace(number, fresh);
  }
  board_.update([](proxy_stats& counts) {
    ++counts.accepted;
    ++counts.live;
  });
  return fresh;
}

void proxy_core::turn_away(io::tcp_stream& client) {
  board_.update([](proxy_stats& counts) {
    ++counts.accepted;
    ++counts.failed;
  });
  client.abort();
}

connection::shared_plan proxy_core::plan_of(std::uint64_t number) {
  {
    const std::lock_guard guard(lock_);
    if (plan_) return plan_;
  }
  auto made = std::make_shared<const proxy_plan>(options_.plan_for(number));
  check(*made, options_.buffer_bytes);
  return made;
}

void proxy_core::carry(connection& over, std::uint64_t number) {
  struct at_end {
    proxy_core& of;
    std::uint64_t number;
    ~at_end() { of.leave(number); }
  };
  const at_end last{*this, number};
  over.run(target_);
}

void proxy_core::leave(std::uint64_t number) {
  {
    const std::lock_guard guard(lock_);
    live_.erase(number);
  }
  board_.update([](proxy_stats& counts) { --counts.live; });
}

std::vector<proxy_core::shared_connection> proxy_core::live() {
  const std::lock_guard guard(lock_);
  std::vector<shared_connection> all;
  all.reserve(live_.size());
  for (const auto& [number, each] : live_) all.push_back(each);
  return all;
}

void proxy_core::set_plan(const proxy_plan& plan) {
  check(plan, options_.buffer_bytes);
  auto shared = std::make_shared<const proxy_plan>(plan);
  {
    const std::lock_guard guard(lock_);
    plan_ = shared;
  }
  for (const shared_connection& each : live()) each->set_plan(shared);
}

bool proxy_core::set_plan(std::uint64_t connection, const proxy_plan& plan) {
  check(plan, options_.buffer_bytes);
  shared_connection chosen;
  {
    const std::lock_guard guard(lock_);
    const auto found = live_.find(connection);
    if (found == live_.end()) return false;
    chosen = found->second;
  }
  chosen->set_plan(std::make_shared<const proxy_plan>(plan));
  return true;
}

void proxy_core::end_connections(proxy_ending how) {
  for (const shared_connection& each : live()) each->end(how);
}

}  // namespace heddle::testing::detail
