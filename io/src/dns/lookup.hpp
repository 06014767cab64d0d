// SPDX-License-Identifier: MIT
// One lookup from beginning to end: the hosts file, then the servers, name after name of the search
// list, both families at once. Invariants: (1) an answer of one family is not lost because the
// other's does not come; (2) addresses of two names are never mixed; (3) what has not the addresses
// of both families for a reason that may pass is said not to be whole. Not here: sharing and
// remembering (flights.hpp, answer_cache.hpp).
#pragma once

#include <heddle/io/resolver.hpp>
#include <heddle/runtime/deadline.hpp>

#include <chrono>
#include <string>
#include <system_error>
#include <vector>

namespace heddle::io::detail {

/// What is known of a name: addresses, or why there are none.
struct lookup_result {
  std::error_code error = {};
  std::vector<endpoint> addresses = {};  ///< IPv6 first; with port 0
  std::chrono::seconds ttl{0};
  bool whole = true;  ///< no family is missing only because it did not answer
};

/// Looks `name` up. Shape: a name that check_name() lets pass. Returns: an error as dns_errc or the
/// system's. Errors: throws `cancelled`, resource_exhausted (no thread of the pool),
/// std::bad_alloc. Suspends: yes, cancel-safe.
lookup_result look_up(const std::string& name, const resolver_options& options, deadline limit);

}  // namespace heddle::io::detail
