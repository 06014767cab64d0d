// SPDX-License-Identifier: MIT
// Which proxy a request goes by, if any.
// Invariants: (1) a password is in `authorization` alone, and in no text for people; (2) what the
// environment says wrongly harms nobody who needs no proxy: it is told with the request that does.
// Source: curl's and Go's conventions, where they agree; RFC 9110, section 11.7.
#pragma once

#include <heddle/http/client_config.hpp>
#include <heddle/http/url.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http::detail {

struct proxy {
  std::string host;
  std::uint16_t port = 0;
  std::string authorization;  ///< the value of Proxy-Authorization; empty: none
  std::string name;           ///< as errors call it: "http://host:port"
  std::string unusable;       ///< why it cannot be used; empty: it can
};

/// Reads a proxy as proxy_config has it. Returns: one that is `unusable` if it cannot be read.
proxy read_proxy(std::string_view text);

/// The hosts that are asked directly.
class bypass_list {
 public:
  /// Errors: std::invalid_argument that quotes an entry, if `strict`; else it is left out.
  enum class reading : bool { strict, lax };
  bypass_list(std::string_view list, reading how);

  bool has(const url& where) const;

 private:
  struct entry {
    std::string host;        // a name, or bytes of an address
    int family = 0;          // 0: a name
    unsigned bits = 0;       // of an address, that count
    std::uint16_t port = 0;  // 0: any
  };
  static std::optional<entry> read(std::string_view text);

  bool all_ = false;
  std::vector<entry> entries_;
};

class proxy_rules {
 public:
  /// Errors: std::invalid_argument that names the field of client_config::proxy.
  explicit proxy_rules(const client_config& config);

  /// Returns the proxy for `where`; null: there is none.
  const proxy* find(const url& where) const;

 private:
  proxy_rules(const proxy_config& from, bypass_list::reading how);

  std::optional<proxy> http_;
  std::optional<proxy> https_;
  bypass_list bypass_;
  io::toggle for_loopback_;
};

/// As proxy_config::from_environment(), of variables that `look_up` knows; null: it is not set.
proxy_config proxies_of(const std::function<const char*(const char* name)>& look_up);

}  // namespace heddle::http::detail
