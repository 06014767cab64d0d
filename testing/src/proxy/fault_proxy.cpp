// SPDX-License-Identifier: MIT
// The public face of proxy_core.
#include <heddle/testing/fault_proxy.hpp>

#include <heddle/runtime/socket_calls.hpp>

#include "proxy/core.hpp"

#include <stdexcept>
#include <utility>

namespace heddle::testing {

fault_proxy::fault_proxy(io::endpoint target, fault_proxy_options options) {
  if (simulated_sockets() != nullptr) {
    throw std::logic_error(
        "heddle::testing::fault_proxy: in a simulation, whose sockets are none of the system's; "
        "testing::network has faults of its own");
  }
  core_ = std::make_unique<detail::proxy_core>(std::move(target), std::move(options));
}

fault_proxy::~fault_proxy() = default;

const io::endpoint& fault_proxy::local_endpoint() const noexcept { return core_->where(); }

void fault_proxy::set_plan(const proxy_plan& plan) { core_->set_plan(plan); }

bool fault_proxy::set_plan(std::uint64_t connection, const proxy_plan& plan) {
  return core_->set_plan(connection, plan);
}

void fault_proxy::end_connections(proxy_ending how) { core_->end_connections(how); }

void fault_proxy::treat(newcomers how) { core_->treat(how); }

proxy_stats fault_proxy::stats() const { return core_->counters().read(); }

bool fault_proxy::wait_until(const std::function<bool(const proxy_stats&)>& holds,
                             deadline limit) const {
  return core_->counters().wait_until(holds, limit);
}

bool fault_proxy::wait_until_accepted(std::uint64_t connections, deadline limit) const {
  return wait_until([connections](const proxy_stats& now) { return now.accepted >= connections; },
                    limit);
}

bool fault_proxy::wait_until_idle(deadline limit) const {
  return wait_until([](const proxy_stats& now) { return now.live == 0; }, limit);
}

}  // namespace heddle::testing
