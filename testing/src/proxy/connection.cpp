// SPDX-License-Identifier: MIT
// The life of a connection: how it begins, what ends it, how its streams end. What happens to the
// bytes meanwhile: lanes.cpp.
#include "proxy/connection.hpp"

#include <heddle/runtime/race.hpp>

#include <exception>
#include <functional>
#include <utility>

#include <sys/socket.h>

namespace heddle::testing::detail {

namespace {

constexpr wait_kind orders_kind{"a change of its plan, as a connection of a fault_proxy"};

std::uint64_t salt_of(const proxy_plan& plan, std::uint64_t number, std::uint64_t direction) {
  return plan.seed * 0xD1342543DE82EF95U + number * 2 + direction;
}

/// Throws away what a socket has received: closed with bytes unread it would reset its peer.
void drain(int fd) {
  constexpr std::size_t at_once = std::size_t{1} << 20;
  constexpr int most_rounds = 64;
  for (int round = 0; round < most_rounds; ++round) {
    if (::recv(fd, nullptr, at_once, MSG_TRUNC | MSG_DONTWAIT) <= 0) return;
  }
}

void part(io::tcp_stream& from) {
  std::error_code gone_already;
  from.shutdown_write(gone_already);
  drain(from.native_handle());
  from.close();
}

}  // namespace

connection::connection(std::uint64_t number, io::tcp_stream client, shared_plan plan,
                       const fault_proxy_options& options, board& counters)
    : options_(options),
      board_(counters),
      client_(std::move(client)),
      up_(client_, target_, &proxy_plan::to_target, &proxy_stats::to_target, options.buffer_bytes,
          salt_of(*plan, number, 0)),
      down_(target_, client_, &proxy_plan::to_client, &proxy_stats::to_client, options.buffer_bytes,
            salt_of(*plan, number, 1)),
      plan_(std::move(plan)) {}

void connection::set_plan(shared_plan plan) {
  {
    const std::lock_guard guard(lock_);
    plan_.swap(plan);
  }
  requests_.changed();
  up_.changes.changed();
  down_.changes.changed();
}

void connection::end(proxy_ending how) {
  {
    const std::lock_guard guard(lock_);
    asked_ = how;
  }
  requests_.changed();
}

void connection::run(const io::endpoint& target) { finish(carry_or_fail(target)); }

connection::verdict connection::carry_or_fail(const io::endpoint& target) {
  try {
    return carry(target);
  } catch (const std::exception&) {
    // The target does not answer, or the process lacks something: the client is reset.
    return {proxy_ending::reset, &proxy_stats::failed};
  }
}

connection::verdict connection::carry(const io::endpoint& target) {
  if (const auto at_once = asked()) return *at_once;
  const std::vector<std::function<verdict()>> both{
      [this] { return control(); },
      [this, &target] { return forward_all(target); },
  };
  return race(both).second;
}

connection::verdict connection::forward_all(const io::endpoint& target) {
  target_ = io::tcp_stream::connect(target, options_.connect);
  const std::vector<std::function<verdict()>> four{
      [this] { return intake(up_); },
      [this] { return outlet(up_); },
      [this] { return intake(down_); },
      [this] { return outlet(down_); },
  };
  return race(four).second;
}

/// Returns when the plan, or somebody outside, ends the connection, whatever the lanes wait for.
connection::verdict connection::control() {
  for (;;) {
    const auto seen = requests_.version();
    if (const auto order = asked()) return *order;
    requests_.wait(seen, {}, wait_subject(orders_kind, this));
  }
}

/// Returns whether the connection is to end now.
std::optional<connection::verdict> connection::asked() {
  std::optional<proxy_ending> how;
  {
    const std::lock_guard guard(lock_);
    how = asked_;
  }
  for (const lane* each : {&up_, &down_}) {
    const auto rules = rules_of(*each);
    const bool over = rules->limit && each->shape.offset() >= rules->limit->bytes;
    if (over && !how) how = rules->limit->then;
  }
  return how ? ended_by(*how) : std::nullopt;
}

/// Returns the verdict of an ending that the plan asks for; none if the connection only vanishes.
std::optional<connection::verdict> connection::ended_by(proxy_ending how) {
  switch (how) {
    case proxy_ending::close:
      return verdict{how, &proxy_stats::closed};
    case proxy_ending::reset:
      return verdict{how, &proxy_stats::reset};
    case proxy_ending::vanish:
      break;
  }
  if (!std::exchange(vanished_, true)) {
    board_.update([](proxy_stats& counts) { ++counts.vanished; });
    up_.changes.changed();
    down_.changes.changed();
  }
  return std::nullopt;
}

void connection::finish(const verdict& last) {
  if (last.counter != nullptr) {  // before the peers can see it
    board_.update([&last](proxy_stats& counts) { ++(counts.*last.counter); });
  }
  if (last.how == proxy_ending::reset) {
    client_.abort();
    target_.abort();
  } else {
    part(client_);
    part(target_);
  }
}

std::shared_ptr<const direction_plan> connection::rules_of(const lane& of) const {
  static const auto gone = std::make_shared<const direction_plan>(
      direction_plan{.flow = byte_flow::drop, .end = end_of_side::keep_back});
  if (vanished_ || of.sink_gone) return gone;
  const std::lock_guard guard(lock_);
  return {plan_, &((*plan_).*of.plan)};
}

bool connection::passes_on(const lane& of) const {
  const auto rules = rules_of(of);
  return rules->flow == byte_flow::forward && rules->end == end_of_side::pass_on;
}

}  // namespace heddle::testing::detail
