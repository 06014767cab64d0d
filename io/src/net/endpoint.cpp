// SPDX-License-Identifier: MIT
// Reads and prints endpoints. Every refusal quotes the text and says what is wrong with it.
#include <heddle/io/endpoint.hpp>

#include <algorithm>
#include <charconv>
#include <ostream>
#include <stdexcept>
#include <tuple>

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/un.h>

namespace heddle::io {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;
constexpr unsigned highest_port = 65535;

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Quotes text for a message: control characters in hexadecimal, and no more than a line of it.
std::string quoted(std::string_view text) {
  constexpr std::size_t most = 200;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "endpoint '";
  for (const char c : text.substr(0, most)) {
    if (is_control(c)) {
      const auto byte = static_cast<unsigned char>(c);
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else {
      out += c;
    }
  }
  return out + (text.size() > most ? "...'" : "'");
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw std::invalid_argument(quoted(text) + ": " + why);
}

struct host_and_port {
  std::string_view host;
  std::string_view port;
  bool bracketed;
};

host_and_port split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) refuse(text, "'[' without ']'");
    const auto rest = text.substr(end + 1);
    if (!rest.starts_with(':')) refuse(text, "no port after ']' (write [address]:port)");
    return {text.substr(1, end - 1), rest.substr(1), true};
  }
  const auto colon = text.find(':');
  if (colon == text.npos) refuse(text, "no port (write host:port)");
  if (text.find(':', colon + 1) != text.npos) {
    refuse(text, "an IPv6 address needs brackets (write [address]:port)");
  }
  return {text.substr(0, colon), text.substr(colon + 1), false};
}

std::uint16_t parse_port(std::string_view text, std::string_view port) {
  if (port.empty()) refuse(text, "the port is empty");
  unsigned value = 0;
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (failed == std::errc::invalid_argument || end != port.data() + port.size()) {
    refuse(text, "the port '" + std::string(port) + "' is not a number");
  }
  if (failed != std::errc{} || value > highest_port) {
    refuse(text, "the port " + std::string(port) + " is not in 0..65535");
  }
  return static_cast<std::uint16_t>(value);
}

/// Returns the index of an interface given by name or number; 0: there is none.
std::uint32_t parse_scope(const std::string& scope) noexcept {
  std::uint32_t index = 0;
  const auto [end, failed] = std::from_chars(scope.data(), scope.data() + scope.size(), index);
  if (failed == std::errc{} && end == scope.data() + scope.size()) return index;
  return ::if_nametoindex(scope.c_str());
}

/// Writes host and port as the text that the other constructor reads.
std::string join(std::string_view host, int port) {
  if (host == "unix") refuse(host, "this is no host");  // else it would read as a path's prefix
  const bool bare_ipv6 = host.find(':') != host.npos && !host.starts_with('[');
  std::string text = bare_ipv6 ? "[" + std::string(host) + "]" : std::string(host);
  return text.append(":").append(std::to_string(port));
}

bool looks_numeric(std::string_view host) noexcept {
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

namespace detail {

/// Fills in the address of an endpoint; `text` is what the user wrote.
struct endpoint_parser {
  std::string_view text;

  static bool read_ipv4(const std::string& host, std::array<std::uint8_t, 16>& address) noexcept {
    return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1;
  }

  std::uint32_t read_ipv6(std::string_view host, std::array<std::uint8_t, 16>& address) const {
    const auto percent = host.find('%');
    const std::string number(host.substr(0, percent));
    if (::inet_pton(AF_INET6, number.c_str(), address.data()) != 1) {
      refuse(text, "'" + number + "' is no IPv6 address");
    }
    if (percent == host.npos) return 0;
    const std::string scope(host.substr(percent + 1));
    const std::uint32_t index = parse_scope(scope);
    if (index == 0) refuse(text, "there is no interface '" + scope + "'");
    return index;
  }

  [[noreturn]] void refuse_host(std::string_view host) const {
    if (host.empty()) refuse(text, "the host is empty");
    if (looks_numeric(host)) refuse(text, "'" + std::string(host) + "' is no IPv4 address");
    refuse(text,
           "'" + std::string(host) +
               "' is no numeric address; of names only localhost is known here (a resolver knows "
               "others, and so does tcp_stream::connect(host, port))");
  }

  std::string read_path(std::string_view path) const {
    if (path.empty() || path == "@") refuse(text, "the path is empty");
    if (path.size() > longest_path) {
      refuse(text, "the path has " + std::to_string(path.size()) + " bytes, more than " +
                       std::to_string(longest_path));
    }
    return std::string(path);
  }
};

}  // namespace detail

endpoint::endpoint(std::string_view text) {
  const detail::endpoint_parser parser{text};
  if (text.empty()) refuse(text, "it is empty");
  if (std::any_of(text.begin(), text.end(), is_control)) refuse(text, "it has a control character");
  if (text.starts_with(unix_prefix)) {
    path_ = parser.read_path(text.substr(unix_prefix.size()));
    family_ = family::local;
    return;
  }
  const host_and_port parts = split(text);
  port_ = parse_port(text, parts.port);
  if (parts.bracketed) {
    scope_ = parser.read_ipv6(parts.host, address_);
    family_ = family::ipv6;
    return;
  }
  const std::string host(parts.host == "localhost" ? "127.0.0.1" : parts.host);
  if (!detail::endpoint_parser::read_ipv4(host, address_)) parser.refuse_host(host);
  family_ = family::ipv4;
}

endpoint::endpoint(const std::string& text) : endpoint(std::string_view(text)) {}

endpoint::endpoint(const char* text)
    : endpoint(text != nullptr ? std::string_view(text) : std::string_view()) {}

endpoint::endpoint(std::string_view host, int port) : endpoint(join(host, port)) {}

std::string endpoint::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int system_family = family_ == family::ipv6 ? AF_INET6 : AF_INET;
  if (family_ != family::ipv4 && family_ != family::ipv6) return {};
  ::inet_ntop(system_family, address_.data(), text.data(), text.size());
  std::string host(text.data());
  if (scope_ != 0) host += "%" + std::to_string(scope_);
  return host;
}

std::string endpoint::to_string() const {
  switch (family_) {
    case family::none:
      return "(none)";
    case family::ipv4:
      return host() + ":" + std::to_string(port_);
    case family::ipv6:
      return "[" + host() + "]:" + std::to_string(port_);
    case family::local:
      return std::string(unix_prefix) + path_;
  }
  return {};
}

std::strong_ordering operator<=>(const endpoint& a, const endpoint& b) noexcept {
  const auto key = [](const endpoint& of) {
    return std::tie(of.family_, of.address_, of.scope_, of.port_, of.path_);
  };
  return key(a) <=> key(b);
}

std::ostream& operator<<(std::ostream& out, const endpoint& where) {
  return out << where.to_string();
}

}  // namespace heddle::io
