// SPDX-License-Identifier: MIT
// What is known at once, what is no name, and what is to be looked up.
#include <heddle/io/resolver.hpp>

#include "dns/flights.hpp"
#include "dns/host_name.hpp"
#include "dns/lookup.hpp"
#include "net/address.hpp"

#include <heddle/runtime/park.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace heddle::io {

namespace {

using namespace std::chrono_literals;

constexpr int highest_port = 65535;

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("heddle::io::resolver_options::" + what);
}

template <class Number>
void check_range(const char* name, Number value, Number least, Number most) {
  if (value >= least && value <= most) return;
  refuse(std::string(name) + " is " + std::to_string(value) + ", not in " + std::to_string(least) +
         ".." + std::to_string(most));
}

void check_server(const endpoint& server) {
  const bool ip =
      server.kind() == endpoint::family::ipv4 || server.kind() == endpoint::family::ipv6;
  if (!ip || server.port() == 0) refuse("servers: " + server.to_string() + " is no address to ask");
  if (server.host().find('%') != std::string::npos) {
    refuse("servers: " + server.to_string() + ": an address with an interface is not supported");
  }
}

resolver_options checked(resolver_options options) {
  constexpr std::size_t most_servers = 16;
  check_range<std::size_t>("servers.size()", options.servers.size(), 0, most_servers);
  for (const endpoint& each : options.servers) check_server(each);
  for (const std::string& each : options.search.value_or(std::vector<std::string>())) {
    if (detail::check_name(each)) refuse("search: " + detail::for_message(each) + " is no domain");
  }
  check_range<std::size_t>("most_addresses", options.most_addresses, 1, 1000);
  check_range<std::int64_t>("attempt_timeout (ms)", options.attempt_timeout.count(), 10, 3600000);
  check_range("attempts", options.attempts, 1, 20);
  check_range<std::size_t>("lookups_at_once", options.lookups_at_once, 1, 10000);
  if (options.timeout <= 0ns) refuse("timeout is not positive");
  if (options.other_family_within < 0ns) refuse("other_family_within is negative");
  if (options.negative_ttl < 0s) refuse("negative_ttl is negative");
  if (options.shortest_ttl < 0s || options.longest_ttl < options.shortest_ttl) {
    refuse("shortest_ttl, longest_ttl are " + std::to_string(options.shortest_ttl.count()) + ", " +
           std::to_string(options.longest_ttl.count()) + " s; give 0 <= shortest <= longest");
  }
  return options;
}

std::vector<endpoint> with_port(const std::vector<endpoint>& addresses, int port) {
  std::vector<endpoint> all;
  all.reserve(addresses.size());
  for (const endpoint& each : addresses) {
    all.push_back(detail::endpoint_access::with_port(each, static_cast<std::uint16_t>(port)));
  }
  return all;
}

void check_port(int port) {
  if (port >= 0 && port <= highest_port) return;
  throw std::invalid_argument("heddle::io::resolver: the port " + std::to_string(port) +
                              " is not in 0..65535");
}

}  // namespace

class resolver::core {
 public:
  explicit core(resolver_options options)
      : options_(checked(std::move(options))),
        flights_(options_, [this](const std::string& name, deadline limit) {
          return detail::look_up(name, options_, limit);
        }) {}

  std::vector<endpoint> find(std::string_view host, deadline limit, std::error_code& error) {
    error.clear();
    cooperate();
    if (auto known = detail::known_addresses(host, options_.families)) {
      if (known->empty()) error = dns_errc::no_address;
      return std::move(*known);
    }
    if ((error = detail::check_name(host))) return {};
    const auto found = flights_.find(detail::in_small_letters(host), limit);
    error = found->error;
    return found->addresses;
  }

  detail::flights& shared() noexcept { return flights_; }

 private:
  const resolver_options options_;
  detail::flights flights_;
};

resolver::resolver(resolver_options options) : core_(std::make_unique<core>(std::move(options))) {}
resolver::~resolver() = default;

std::vector<endpoint> resolver::resolve_until(deadline limit, std::string_view host, int port,
                                              std::error_code& error) {
  check_port(port);
  return with_port(core_->find(host, limit, error), port);
}

std::vector<endpoint> resolver::resolve(std::string_view host, int port, std::error_code& error) {
  return resolve_until({}, host, port, error);
}

std::vector<endpoint> resolver::resolve(std::string_view host, int port) {
  std::error_code error;
  std::vector<endpoint> found = resolve(host, port, error);
  if (error) throw io_error(error, "resolve", no_endpoint{detail::for_message(host)});
  return found;
}

void resolver::clear() noexcept { core_->shared().clear(); }
std::size_t resolver::remembered() const noexcept { return core_->shared().remembered(); }

namespace {

resolver_options without_cache(resolver_options options) {
  options.cache_entries = 0;
  return options;
}

}  // namespace

std::vector<endpoint> resolve(std::string_view host, int port, const resolver_options& options) {
  return resolver(without_cache(options)).resolve(host, port);
}

std::vector<endpoint> resolve(std::string_view host, int port, std::error_code& error) {
  return resolver(without_cache({})).resolve(host, port, error);
}

}  // namespace heddle::io
