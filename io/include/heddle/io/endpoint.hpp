// SPDX-License-Identifier: MIT
// Where a socket is or shall be: an IPv4 or IPv6 address with a port, or a UNIX socket's path.
// Invariants: (1) an endpoint is an address, never a name still to be looked up; (2) what
// to_string() prints, the constructor reads back to an equal endpoint, except for `none` and an
// unnamed UNIX socket, which only the system makes. Not here: names other than localhost: they need
// a resolver (resolver.hpp, tcp_stream::connect(host, port)), for which a constructor must not
// wait.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace heddle::io {

namespace detail {
struct endpoint_access;
}

class endpoint {
 public:
  enum class family : std::uint8_t { none, ipv4, ipv6, local };

  /// Constructs `none`, the endpoint of a socket that is not there.
  endpoint() noexcept = default;

  /// Reads "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "localhost:80" (which is 127.0.0.1),
  /// "unix:/run/my.socket", or "unix:@name" for Linux' abstract names. Implicit, so that functions
  /// that take an endpoint take text.
  /// Errors: std::invalid_argument that quotes the text and says what is wrong. Suspends: no.
  endpoint(const char* text);
  endpoint(std::string_view text);
  endpoint(const std::string& text);

  /// Joins a numeric address, brackets or not, or localhost, with a port. Shape: 0 <= port <=
  /// 65535. Errors: as above.
  endpoint(std::string_view host, int port);

  family kind() const noexcept { return family_; }

  /// Returns the address without port or brackets; empty unless ipv4 or ipv6.
  std::string host() const;

  /// Returns the port; 0 unless ipv4 or ipv6.
  std::uint16_t port() const noexcept { return port_; }

  /// Returns the path of a UNIX socket, "@name" if abstract; empty if unnamed or of another family.
  const std::string& path() const noexcept { return path_; }

  /// Returns the text that the constructor reads.
  std::string to_string() const;

  /// Orders by family, then address, scope, port, path.
  friend std::strong_ordering operator<=>(const endpoint& a, const endpoint& b) noexcept;
  friend bool operator==(const endpoint&, const endpoint&) = default;

 private:
  friend struct detail::endpoint_access;

  family family_ = family::none;
  std::array<std::uint8_t, 16> address_{};  // network order; IPv4 fills the first 4
  std::uint32_t scope_ = 0;                 // interface index of a link-local IPv6 address
  std::uint16_t port_ = 0;                  // host order
  std::string path_;
};

std::ostream& operator<<(std::ostream& out, const endpoint& where);

}  // namespace heddle::io
