// SPDX-License-Identifier: MIT
// One reading for absolute URLs and for references: the latter take what they lack from a base.
#include <heddle/http/url.hpp>

#include "message/syntax.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

#include <arpa/inet.h>

namespace heddle::http {

namespace {

constexpr std::size_t most_quoted = 200;
constexpr std::size_t most_host_bytes = 253;
constexpr std::string_view encoded_ascii = " \"<>^`{|}";

struct malformed {
  const char* why;
};

/// Quotes what was given so that it can be printed.
[[noreturn]] void refuse(std::string_view text, const char* why) {
  std::string shown(text.substr(0, most_quoted));
  for (char& c : shown) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  if (text.size() > most_quoted) shown += "...";
  throw std::invalid_argument("heddle::http::url: '" + shown + "' " + why);
}

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

void check_characters(std::string_view text) {
  if (text.size() > url::most_bytes) throw malformed{"is too long"};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) throw malformed{"has a control character"};
    if (c == '\\') throw malformed{"has a backslash"};
  }
}

/// Returns `text` as it is sent: what must not stand there itself is percent-encoded.
std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string made;
  made.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == '%') {
      const bool whole = at + 2 < text.size() && detail::hex_value(text[at + 1]) >= 0 &&
                         detail::hex_value(text[at + 2]) >= 0;
      if (!whole) throw malformed{"has a '%' without two hexadecimal digits"};
    }
    if (byte < 0x80 && encoded_ascii.find(text[at]) == std::string_view::npos) {
      made += text[at];
    } else {
      made.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return made;
}

/// Returns `path` without its segments "." and "..", which lead nowhere above the root.
std::string without_dots(std::string_view path) {
  std::string made;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    const bool up = segment == "/..";
    if (up) made.erase(std::min(made.rfind('/'), made.size()));
    if (!up && segment != "/.") {
      made += segment;
    } else if (path.empty()) {
      made += '/';
    }
  }
  return made.empty() ? "/" : made;
}

bool is_address(int family, const std::string& text) noexcept {
  in6_addr room{};
  return ::inet_pton(family, text.c_str(), &room) == 1;
}

void check_label(std::string_view label) {
  if (label.empty()) throw malformed{"has an empty label in its host"};
  if (label.size() > 63) throw malformed{"has a label of more than 63 bytes in its host"};
  for (const char c : label) {
    if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') {
      throw malformed{"has a character in its host that no host has"};
    }
  }
}

/// Checks a name, or an IPv4 address. Others read "127.1" and "0x7f.1" as addresses: such is
/// refused.
void check_name(const std::string& host) {
  std::string_view rest = host;
  if (rest.ends_with('.')) rest.remove_suffix(1);
  if (rest.empty()) throw malformed{"has no host"};
  if (rest.size() > most_host_bytes) throw malformed{"has a host of more than 253 bytes"};
  std::string_view label;
  for (bool more = true; more;) {
    const std::size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    check_label(label);
    more = dot != std::string_view::npos;
    rest.remove_prefix(more ? dot + 1 : label.size());
  }
  const bool numeric = std::all_of(label.begin(), label.end(), is_digit) || label.starts_with("0x");
  if (numeric && !is_address(AF_INET, host)) throw malformed{"has a malformed address as its host"};
}

std::uint16_t default_port(url::scheme_type scheme) noexcept {
  return scheme == url::scheme_type::https ? 443 : 80;
}

}  // namespace

/// The parts of a reference, as they came. A missing part is none; an empty one is empty.
struct url::parts {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
};

url::parts url::split(std::string_view text) {
  parts found;
  text = text.substr(0, text.find('#'));
  const std::size_t colon = text.find_first_of(":/?");
  const bool has_scheme = colon != std::string_view::npos && text[colon] == ':';
  if (has_scheme) {
    found.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    found.query = text.substr(mark);
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t end = std::min(text.find('/'), text.size());
    found.authority = text.substr(0, end);
    text.remove_prefix(end);
  }
  found.path = text;
  return found;
}

void url::set_port(std::string_view digits) {
  port_ = default_port(scheme_);
  if (digits.empty()) return;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || value == 0 || value > 65535) throw malformed{"has a port that is not in 1..65535"};
  port_ = static_cast<std::uint16_t>(value);
}

void url::set_authority(std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) {
    throw malformed{"has a user: send a field Authorization instead"};
  }
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) throw malformed{"has no ']' behind its host"};
    host_ = detail::lowered(authority.substr(1, end - 1));
    if (!is_address(AF_INET6, host_)) throw malformed{"has a malformed address as its host"};
    rest = authority.substr(end + 1);
  } else {
    const std::size_t end = std::min(authority.find(':'), authority.size());
    host_ = detail::lowered(authority.substr(0, end));
    check_name(host_);
    rest = authority.substr(end);
  }
  if (!rest.empty() && rest.front() != ':') throw malformed{"has something behind its host"};
  set_port(rest.empty() ? rest : rest.substr(1));
}

url url::read(std::string_view text, const url* base) {
  check_characters(text);
  const parts found = split(text);
  url made = base != nullptr ? *base : url();
  if (found.scheme) {
    const bool encrypts = detail::is_word(*found.scheme, "https");
    if (!encrypts && !detail::is_word(*found.scheme, "http")) {
      throw malformed{"does not begin with http:// or https://"};
    }
    made.scheme_ = encrypts ? scheme_type::https : scheme_type::http;
    if (!found.authority) throw malformed{"has no // and host behind its scheme"};
  } else if (base == nullptr) {
    throw malformed{"does not begin with http:// or https://"};
  }
  if (found.authority) made.set_authority(*found.authority);
  const bool same_path = !found.authority && found.path.empty();
  if (!same_path) {
    std::string path = encoded(found.path);
    if (!found.authority && !path.starts_with('/')) {
      path = made.path_.substr(0, made.path_.rfind('/') + 1) + path;
    }
    made.path_ = without_dots(path);
  }
  if (found.query || !same_path) made.query_ = found.query ? encoded(*found.query) : "";
  return made;
}

url::url(std::string_view text) {
  try {
    *this = read(text, nullptr);
  } catch (const malformed& found) {
    refuse(text, found.why);
  }
}

url url::resolve(std::string_view reference) const {
  try {
    return read(reference, this);
  } catch (const malformed& found) {
    refuse(reference, found.why);
  }
}

std::string url::authority() const {
  const bool in_brackets = host_.find(':') != std::string::npos;
  std::string made = in_brackets ? "[" + host_ + "]" : host_;
  if (port_ != default_port(scheme_)) made += ":" + std::to_string(port_);
  return made;
}

std::string url::origin() const { return (is_encrypted() ? "https://" : "http://") + authority(); }

}  // namespace heddle::http
