// SPDX-License-Identifier: MIT
// Reading of proxies, of lists of hosts, and of the environment.
#include "client/proxies.hpp"

#include "message/syntax.hpp"
#include "message/target.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>

#include <arpa/inet.h>

namespace heddle::http {

namespace detail {

namespace {

constexpr std::size_t most_credential_bytes = 4096;

std::string in_base64(const std::string& text) {
  std::string made(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int bytes = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(made.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  made.resize(static_cast<std::size_t>(bytes));
  return made;
}

/// Returns the value of Proxy-Authorization for "user:password"; empty: it is malformed.
std::string authorization_of(std::string_view user) {
  const std::size_t colon = std::min(user.find(':'), user.size());
  std::array<std::string, 2> storage;
  std::string_view name;
  std::string_view password;
  const bool fits = user.size() <= most_credential_bytes &&
                    decode(user.substr(0, colon), plus_sign::itself, storage[0], name) &&
                    decode(user.substr(std::min(colon + 1, user.size())), plus_sign::itself,
                           storage[1], password) &&
                    name.find(':') == std::string_view::npos;
  return fits ? "Basic " + in_base64(std::string(name).append(":").append(password)) : "";
}

/// Returns the bytes of an address, and its family; 0: it is a name.
std::string address_bytes(const std::string& text, int& family) {
  std::string made(sizeof(in6_addr), '\0');
  family = AF_INET6;
  if (::inet_pton(AF_INET6, text.c_str(), made.data()) == 1) return made;
  made.resize(sizeof(in_addr));
  family = AF_INET;
  if (::inet_pton(AF_INET, text.c_str(), made.data()) == 1) return made;
  family = 0;
  return {};
}

bool same_network(std::string_view a, std::string_view b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (a.substr(0, whole) != b.substr(0, whole)) return false;
  if (bits % 8 == 0) return true;
  const unsigned differing =
      static_cast<unsigned char>(a[whole]) ^ static_cast<unsigned char>(b[whole]);
  return differing >> (8 - bits % 8) == 0;
}

std::string_view without_end_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

template <class Number>
bool read_number(std::string_view digits, Number& into) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
  return !digits.empty() && error == std::errc() && end == digits.data() + digits.size();
}

bool is_loopback(const std::string& host) {
  int family = 0;
  const std::string bytes = address_bytes(host, family);
  if (family == AF_INET) return bytes[0] == 127;
  if (family == AF_INET6) return bytes == std::string(15, '\0') + '\1';
  const std::string_view name = without_end_dot(host);
  return name == "localhost" || name.ends_with(".localhost");
}

std::optional<proxy> proxy_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return read_proxy(text);
}

void check(const std::optional<proxy>& given, const char* field) {
  if (!given || given->unusable.empty()) return;
  throw std::invalid_argument("heddle::http::client_config::proxy: " + std::string(field) + " " +
                              given->unusable);
}

}  // namespace

proxy read_proxy(std::string_view text) {
  proxy made;
  std::string_view rest = trimmed(text);
  if (const std::size_t end = rest.find("://"); end != std::string_view::npos) {
    if (!is_word(rest.substr(0, end), "http")) {
      made.unusable = "is a proxy of another kind than http://, which is not offered";
      return made;
    }
    rest.remove_prefix(end + 3);
  }
  const std::size_t at = rest.substr(0, rest.find('/')).rfind('@');
  if (at != std::string_view::npos) {
    made.authorization = authorization_of(rest.substr(0, at));
    if (made.authorization.empty()) made.unusable = "has a malformed user or password";
    rest.remove_prefix(at + 1);
  }
  try {
    const url where("http://" + std::string(rest));
    made.host = where.host();
    made.port = where.port();
    made.name = where.origin();
    if (where.target() != "/") made.unusable = "has a path, which a proxy does not have";
  } catch (const std::invalid_argument&) {
    made.unusable = "does not name a host and a port";  // not quoted: it may have a password in it
  }
  return made;
}

std::optional<bypass_list::entry> bypass_list::read(std::string_view text) {
  entry made;
  std::string host = lowered(text);
  if (const std::size_t slash = host.find('/'); slash != std::string::npos) {
    const bool counts = read_number(std::string_view(host).substr(slash + 1), made.bits);
    made.host = address_bytes(host.substr(0, slash), made.family);
    if (!counts || made.family == 0 || made.bits > 8 * made.host.size()) return std::nullopt;
    return made;
  }
  const bool bracketed = host.starts_with('[');
  const std::size_t colon = host.rfind(':');
  const bool one_colon = colon != std::string::npos && host.find(':') == colon;
  if (one_colon || (bracketed && colon != std::string::npos && host[colon - 1] == ']')) {
    if (!read_number(std::string_view(host).substr(colon + 1), made.port)) return std::nullopt;
    host.resize(colon);
  }
  if (bracketed) {
    if (!host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
  }
  made.host = address_bytes(host, made.family);
  made.bits = static_cast<unsigned>(8 * made.host.size());
  if (made.family != 0) return made;
  if (bracketed || !is_host(host)) return std::nullopt;
  if (host.starts_with("*.")) host.erase(0, 1);
  if (host.starts_with('.')) host.erase(0, 1);
  made.host = without_end_dot(host);
  if (made.host.empty()) return std::nullopt;
  return made;
}

bypass_list::bypass_list(std::string_view list, reading how) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(", \t"), list.size());
    const std::string_view text = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (text.empty()) continue;
    if (text == "*") {
      all_ = true;
    } else if (auto found = read(text)) {
      entries_.push_back(std::move(*found));
    } else if (how == reading::strict) {
      throw std::invalid_argument("heddle::http::client_config::proxy: bypass has '" +
                                  std::string(text) + "', which is no host, address or network");
    }
  }
}

bool bypass_list::has(const url& where) const {
  if (all_) return true;
  int family = 0;
  const std::string bytes = address_bytes(where.host(), family);
  const std::string_view name = without_end_dot(where.host());
  return std::any_of(entries_.begin(), entries_.end(), [&](const entry& each) {
    if (each.family != family || (each.port != 0 && each.port != where.port())) return false;
    if (family != 0) return same_network(each.host, bytes, each.bits);
    if (!name.ends_with(each.host)) return false;
    const std::size_t before = name.size() - each.host.size();
    return before == 0 || name[before - 1] == '.';
  });
}

proxy_rules::proxy_rules(const proxy_config& from, bypass_list::reading how)
    : http_(proxy_of(from.http)),
      https_(proxy_of(from.https)),
      bypass_(from.bypass, how),
      for_loopback_(from.for_loopback) {
  if (how == bypass_list::reading::lax) return;
  check(http_, "http");
  check(https_, "https");
}

proxy_rules::proxy_rules(const client_config& config)
    : proxy_rules(config.proxy ? *config.proxy : proxy_config::from_environment(),
                  config.proxy ? bypass_list::reading::strict : bypass_list::reading::lax) {}

const proxy* proxy_rules::find(const url& where) const {
  const std::optional<proxy>& found = where.is_encrypted() ? https_ : http_;
  if (!found || bypass_.has(where)) return nullptr;
  if (for_loopback_ == io::toggle::off && is_loopback(where.host())) return nullptr;
  return &*found;
}

proxy_config proxies_of(const std::function<const char*(const char*)>& look_up) {
  const auto first_of = [&](std::initializer_list<const char*> names) {
    for (const char* each : names) {
      const char* const value = look_up(each);
      if (value != nullptr && *value != '\0') return std::string(value);
    }
    return std::string();
  };
  const bool in_cgi = look_up("REQUEST_METHOD") != nullptr;
  proxy_config made;
  made.http =
      first_of({"http_proxy", in_cgi ? "http_proxy" : "HTTP_PROXY", "all_proxy", "ALL_PROXY"});
  made.https = first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  made.bypass = first_of({"no_proxy", "NO_PROXY"});
  made.for_loopback = io::toggle::off;
  return made;
}

}  // namespace detail

proxy_config proxy_config::from_environment() {
  return detail::proxies_of([](const char* name) { return std::getenv(name); });
}

}  // namespace heddle::http
