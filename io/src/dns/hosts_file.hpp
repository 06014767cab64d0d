// SPDX-License-Identifier: MIT
// The system's table of hosts: a line has an address and its names. Read through for each name that
// is asked for, so that what the file says now counts. Invariant: lines of any length, and files of
// any size, take the same memory. For the blocking pool.
#pragma once

#include <heddle/io/resolver.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::io::detail {

struct hosts_query {
  std::string_view name;  ///< in small letters, without a dot at the end
  ip_family families = ip_family::any;
  std::size_t most = 1;  ///< addresses of each family
};

/// Returns the addresses of a name, IPv6 first, with port 0. A file that cannot be read has none,
/// and lines that cannot be read are passed over. Blocks the thread. Suspends: no.
std::vector<endpoint> look_in_hosts(const std::string& path, const hosts_query& query);

}  // namespace heddle::io::detail
