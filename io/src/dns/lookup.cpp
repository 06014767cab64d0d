// SPDX-License-Identifier: MIT
// First the job on the blocking pool, then questions.
#include "dns/lookup.hpp"

#include "dns/channel.hpp"
#include "dns/host_name.hpp"
#include "dns/hosts_file.hpp"

#include <heddle/runtime/blocking.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace heddle::io::detail {

namespace {

using family = channel::family;

struct beginning {
  std::vector<endpoint> in_hosts;
  std::unique_ptr<channel> servers;
};

/// For the blocking pool: all that reads files.
beginning begin(const std::string& name, const resolver_options& options) {
  std::string plain = in_small_letters(name);
  if (plain.ends_with('.')) plain.pop_back();
  beginning made;
  made.in_hosts =
      look_in_hosts(options.hosts_file, {plain, options.families, options.most_addresses});
  if (made.in_hosts.empty()) made.servers = std::make_unique<channel>(options);
  return made;
}

/// Both families of one name.
class question {
 public:
  question(channel& servers, const resolver_options& options)
      : servers_(servers),
        wait_for_other_(options.other_family_within),
        wanted_{options.families != ip_family::ipv4, options.families != ip_family::ipv6} {}

  lookup_result ask(const std::string& name, deadline limit) {
    for (const family each : {family::ipv6, family::ipv4}) {
      if (wants(each)) servers_.ask(name, each);
    }
    for (deadline until = limit;;) {
      servers_.process();
      if (arrived(family::ipv6) && arrived(family::ipv4)) break;
      if (has_addresses() && until == limit) until = soon(limit);
      if (until.passed()) break;
      servers_.wait(until);
    }
    servers_.drop();
    return result();
  }

 private:
  bool wants(family which) const { return wanted_[static_cast<std::size_t>(which)]; }
  bool arrived(family which) const { return !wants(which) || servers_.answer(which).arrived; }
  bool answered(family which) const {
    return wants(which) && !servers_.answer(which).addresses.empty();
  }
  bool has_addresses() const { return answered(family::ipv6) || answered(family::ipv4); }
  deadline soon(deadline limit) const { return std::min(limit, deadline::after(wait_for_other_)); }

  /// Returns whether the servers said so, as opposed to saying nothing of use.
  static bool is_final(const std::error_code& error) {
    return !error || error == dns_errc::no_address || error == dns_errc::no_such_host;
  }

  lookup_result result() const {
    lookup_result all;
    bool any = false;
    for (const family each : {family::ipv6, family::ipv4}) {
      if (!wants(each)) continue;
      const reply& one = servers_.answer(each);
      all.whole = all.whole && is_final(one.error);
      if (one.error) {
        all.error = worse(all.error, one.error);
        continue;
      }
      all.ttl = any ? std::min(all.ttl, one.ttl) : one.ttl;
      any = true;
      all.addresses.insert(all.addresses.end(), one.addresses.begin(), one.addresses.end());
    }
    if (any) all.error.clear();
    return all;
  }

  /// Of two families' errors: what may pass says more than "none"; "none" more than "no such name",
  /// which a server that knows one family only says of the other.
  static std::error_code worse(const std::error_code& a, const std::error_code& b) {
    if (!a || !is_final(b)) return b;
    return is_final(a) && b == dns_errc::no_address ? b : a;
  }

  channel& servers_;
  const std::chrono::nanoseconds wait_for_other_;
  const std::array<bool, 2> wanted_;
};

lookup_result ask_servers(channel& servers, const std::string& name,
                          const resolver_options& options, deadline limit) {
  question both(servers, options);
  lookup_result last{dns_errc::no_such_host};
  bool exists = false;
  for (const std::string& each : names_to_ask(name, servers.rules())) {
    last = both.ask(each, limit);
    exists = exists || last.error == dns_errc::no_address;
    if (last.error != dns_errc::no_address && last.error != dns_errc::no_such_host) return last;
  }
  if (exists) last.error = dns_errc::no_address;
  return last;
}

}  // namespace

lookup_result look_up(const std::string& name, const resolver_options& options, deadline limit) {
  constexpr std::chrono::seconds file_holds{5};
  try {
    beginning made = heddle::blocking([&] { return begin(name, options); });
    if (!made.in_hosts.empty()) return {{}, std::move(made.in_hosts), file_holds, true};
    return ask_servers(*made.servers, name, options, limit);
  } catch (const std::system_error& failed) {
    return {failed.code()};
  }
}

}  // namespace heddle::io::detail
