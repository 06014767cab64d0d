// SPDX-License-Identifier: MIT
// An absolute URL of http or https, taken apart, and references that are resolved against it.
// Invariants: (1) what can end a line or a field of a request is in none of the parts: control
// characters and backslashes are refused, spaces and bytes beyond ASCII are percent-encoded in the
// path and the query; (2) the host is lower case, and is an IPv4 address, an IPv6 address, or a
// name that nobody can take for an address; (3) the path begins with '/' and has no segment "." or
// "..". Users and passwords in URLs are refused: they end up in logs. Fragments are dropped: they
// are never sent. Not here: names beyond ASCII (write the xn-- form). Source: RFC 3986.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::http {

/// Copyable; two are equal if they are the same after what is said above.
class url {
 public:
  enum class scheme_type : std::uint8_t { http, https };

  /// The longest text that is taken.
  static constexpr std::size_t most_bytes = 16 * 1024;

  /// Constructs from "http://host:port/path?query". Errors: std::invalid_argument that quotes the
  /// text and says what is wrong with it. Suspends: no.
  explicit url(std::string_view text);

  /// Returns what `reference`, as in a Location, means here: an absolute URL, "//host/path",
  /// "/path", "path", "../path", "?query". Errors: as the constructor. Source: RFC 3986, 5.2.
  url resolve(std::string_view reference) const;

  scheme_type scheme() const noexcept { return scheme_; }
  bool is_encrypted() const noexcept { return scheme_ == scheme_type::https; }
  /// Returns the host without brackets: a name, "127.0.0.1", "::1".
  const std::string& host() const noexcept { return host_; }
  /// Returns the port; if none was given, 80 or 443.
  std::uint16_t port() const noexcept { return port_; }
  const std::string& path() const noexcept { return path_; }
  /// Returns the query with its '?'; empty if there is none.
  const std::string& query() const noexcept { return query_; }

  /// Returns path and query: what a request's line asks for.
  std::string target() const { return path_ + query_; }
  /// Returns the host, in brackets if it has colons, and the port unless it is the scheme's own:
  /// the value of Host.
  std::string authority() const;
  /// Returns scheme, host and port: "http://host:8080".
  std::string origin() const;
  /// Returns all of it.
  std::string to_string() const { return origin() + target(); }

  friend bool operator==(const url&, const url&) = default;

 private:
  struct parts;
  url() = default;
  void set_authority(std::string_view authority);
  void set_port(std::string_view digits);
  static url read(std::string_view text, const url* base);
  static parts split(std::string_view text);

  scheme_type scheme_ = scheme_type::http;
  std::string host_;
  std::uint16_t port_ = 0;
  std::string path_;
  std::string query_;
};

}  // namespace heddle::http
