// SPDX-License-Identifier: MIT
// From names to addresses: the hosts file, then DNS, with a cache.
//
// Every call works in a fiber, which parks, and on a plain thread, which blocks; what has to read a
// file does so on the blocking pool. Invariants: (1) of callers that ask for one name at once one
// asks the servers, and all have its answer; if it is cancelled, the next one asks; (2) an answer
// is kept for as long as it says, within limits, and no longer; (3) nothing is kept outside of a
// resolver: two of them know nothing of each other. Not here: names beyond ASCII (write the xn--
// form), mDNS, the order of nsswitch.conf (the hosts file comes first). How it works:
// src/dns/README.md. Source: getaddrinfo(3); RFC 1035, 6761, 8305.
#pragma once

#include <heddle/io/endpoint.hpp>
#include <heddle/io/error.hpp>
#include <heddle/runtime/deadline.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace heddle::io {

/// Why there are no addresses for a name.
enum class dns_errc {
  no_such_host = 1,  ///< the name does not exist
  no_address,        ///< it exists, but not with an address of the families that were asked for
  timed_out,         ///< no answer in time; equal to std::errc::timed_out
  server_failed,     ///< the servers could not find out (SERVFAIL)
  refused,           ///< the servers would not say (REFUSED)
  unreachable,       ///< no server could be reached
  bad_answer,        ///< what the server sent could not be read
  bad_name,          ///< an empty label, or a character that host names do not have
  name_too_long,     ///< a name of more than 253 bytes, or a label of more than 63
  not_ascii,         ///< write international names in their xn-- form
};

const std::error_category& dns_category() noexcept;

inline std::error_code make_error_code(dns_errc value) noexcept {
  return {static_cast<int>(value), dns_category()};
}

}  // namespace heddle::io

template <>
struct std::is_error_code_enum<heddle::io::dns_errc> : std::true_type {};

namespace heddle::io {

enum class ip_family : std::uint8_t { any, ipv4, ipv6 };

struct resolver_options {
  /// Name servers, each with its port. Empty: the system's. Shape: at most 16, numeric.
  std::vector<endpoint> servers = {};
  /// Domains to be tried with short names. Not set: the system's.
  std::optional<std::vector<std::string>> search = {};
  /// The system's settings: servers, search domains, ndots.
  std::string configuration_file = "/etc/resolv.conf";
  /// Names that are known without a server. Empty: none.
  std::string hosts_file = "/etc/hosts";

  /// What addresses are asked for.
  ip_family families = ip_family::any;
  /// Addresses of each family that are kept of an answer. Range 1..1000.
  std::size_t most_addresses = 32;

  /// How long a lookup may take, with all repetitions and search domains.
  std::chrono::nanoseconds timeout = std::chrono::seconds{5};
  /// How long a server has to answer before the next is asked; doubled after each round. Range 10
  /// ms..1 h.
  std::chrono::milliseconds attempt_timeout{1000};
  /// How often each server is asked. Range 1..20.
  int attempts = 3;
  /// Once there are addresses of one family: how long to wait for the other.
  std::chrono::nanoseconds other_family_within = std::chrono::milliseconds{300};
  /// Lookups under way at most; others stand in line. Range 1..10,000.
  std::size_t lookups_at_once = 100;

  /// Names that are remembered; the one that was not asked for for longest goes. 0: none.
  std::size_t cache_entries = 1000;
  /// What an answer says of how long it holds, is taken to be within these.
  std::chrono::seconds shortest_ttl{0};
  std::chrono::seconds longest_ttl{3600};
  /// How long it is remembered that there is no such host or address, and that only one family has
  /// answered.
  std::chrono::seconds negative_ttl{5};
};

/// Asks for names, and remembers answers. Neither copied nor moved; used by any number of fibers
/// and threads at once, and destroyed when none of them is in a call.
class resolver {
 public:
  /// Errors: std::invalid_argument that names the option. Suspends: no. Reads no file.
  explicit resolver(resolver_options options = {});
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// Returns the addresses of `host`, IPv6 first, in the order of the server's answer, with `port`.
  /// A numeric address, localhost and names that end in .localhost are answered at once. At least
  /// one. Shape: 0 <= port <= 65535. Errors: io_error with a dns_errc, or with what the system
  /// says (too_many_files_open); std::invalid_argument for the port; `cancelled`. Suspends: yes,
  /// cancel-safe, but not while a file is being read. Cost: in the cache: a lock; else some 150 µs
  /// and what the servers take.
  std::vector<endpoint> resolve(std::string_view host, int port);
  std::vector<endpoint> resolve(std::string_view host, int port, std::error_code& error);

  /// As above, and gives up at `limit` with dns_errc::timed_out.
  std::vector<endpoint> resolve_until(deadline limit, std::string_view host, int port,
                                      std::error_code& error);

  /// Forgets all answers. Suspends: no.
  void clear() noexcept;

  /// Returns how many names are remembered, also of answers that hold no longer.
  std::size_t remembered() const noexcept;

 private:
  class core;
  const std::unique_ptr<core> core_;
};

/// Asks once, by a resolver of its own, which remembers nothing. As resolver::resolve.
std::vector<endpoint> resolve(std::string_view host, int port,
                              const resolver_options& options = {});
std::vector<endpoint> resolve(std::string_view host, int port, std::error_code& error);

}  // namespace heddle::io
