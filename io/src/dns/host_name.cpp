// SPDX-License-Identifier: MIT
// Strict on what is asked: a name that no server could know is not sent to one.
#include "dns/host_name.hpp"

#include <algorithm>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace heddle::io::detail {

namespace {

constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
char small(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_letter(char c) noexcept { return small(c) >= 'a' && small(c) <= 'z'; }

std::string_view without_dot(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

std::error_code check_label(std::string_view label) noexcept {
  if (label.empty()) return dns_errc::bad_name;
  if (label.size() > longest_label) return dns_errc::name_too_long;
  const bool allowed = std::all_of(label.begin(), label.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_';
  });
  if (!allowed || label.front() == '-' || label.back() == '-') return dns_errc::bad_name;
  return {};
}

std::string_view last_label(std::string_view name) noexcept {
  const auto dot = name.rfind('.');
  return dot == name.npos ? name : name.substr(dot + 1);
}

bool is_localhost(std::string_view name) {
  const std::string small_name = in_small_letters(without_dot(name));
  return small_name == "localhost" || small_name.ends_with(".localhost");
}

}  // namespace

std::string in_small_letters(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(), small);
  return out;
}

std::string for_message(std::string_view name) {
  constexpr std::size_t most = 100;
  std::string out(name.substr(0, most));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 127; }, '.');
  if (name.size() > most) out += "...";
  return "'" + out + "'";
}

std::error_code check_name(std::string_view name) noexcept {
  const auto beyond = [](char c) { return static_cast<unsigned char>(c) > 127; };
  if (std::any_of(name.begin(), name.end(), beyond)) return dns_errc::not_ascii;
  std::string_view rest = without_dot(name);
  if (rest.size() > longest_name) return dns_errc::name_too_long;
  // What ends in a number is a misspelt address, and no top-level domain is one.
  const std::string_view last = last_label(rest);
  if (std::all_of(last.begin(), last.end(), is_digit)) return dns_errc::bad_name;
  for (;;) {
    const auto dot = rest.find('.');
    if (const auto error = check_label(rest.substr(0, dot))) return error;
    if (dot == rest.npos) return {};
    rest.remove_prefix(dot + 1);
  }
}

bool is_numeric(std::string_view host) noexcept {
  return host.find(':') != host.npos || host.starts_with('[') ||
         (!host.empty() &&
          std::all_of(host.begin(), host.end(), [](char c) { return c == '.' || is_digit(c); }));
}

std::optional<std::vector<endpoint>> known_addresses(std::string_view name, ip_family families) {
  std::vector<endpoint> found;
  if (is_localhost(name)) {
    if (families != ip_family::ipv4) found.emplace_back("::1", 0);
    if (families != ip_family::ipv6) found.emplace_back("127.0.0.1", 0);
    return found;
  }
  if (!is_numeric(name)) return std::nullopt;
  try {
    const endpoint address(name, 0);
    const bool ipv4 = address.kind() == endpoint::family::ipv4;
    if (families != (ipv4 ? ip_family::ipv6 : ip_family::ipv4)) found.push_back(address);
  } catch (const std::invalid_argument&) {
    return std::nullopt;  // check_name() says what is wrong
  }
  return found;
}

std::vector<std::string> names_to_ask(std::string_view name, const search_rules& rules) {
  if (name.ends_with('.')) return {std::string(without_dot(name))};
  std::vector<std::string> names;
  const bool first = std::count(name.begin(), name.end(), '.') >= rules.dots;
  if (first) names.emplace_back(name);
  for (const std::string& domain : rules.domains) {
    std::string whole = std::string(name) + "." + std::string(without_dot(domain));
    if (!check_name(whole)) names.push_back(std::move(whole));
  }
  if (!first) names.emplace_back(name);
  return names;
}

}  // namespace heddle::io::detail
