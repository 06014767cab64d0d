// SPDX-License-Identifier: MIT
// What can be asked for: names by the rules of RFC 1123 (and the underscore of practice), and how a
// search list turns a short one into those to ask. Pure functions. Not here: asking.
#pragma once

#include <heddle/io/endpoint.hpp>
#include <heddle/io/resolver.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace heddle::io::detail {

/// Returns why `name` is none; no error if it is one. A trailing dot is allowed.
std::error_code check_name(std::string_view name) noexcept;

/// Returns the name in small letters.
std::string in_small_letters(std::string_view name);

/// Returns `name` for a message: control characters as dots, and no more than a line of it.
std::string for_message(std::string_view name);

/// Returns the addresses of what needs no server: a numeric address, localhost and names below it.
/// Nothing if a server is to be asked. Their ports are 0.
std::optional<std::vector<endpoint>> known_addresses(std::string_view name, ip_family families);

/// Returns whether `host` is an address or is meant to be one.
bool is_numeric(std::string_view host) noexcept;

struct search_rules {
  std::vector<std::string> domains;
  int dots = 1;  ///< a name with at least as many is tried as it is first
};

/// Returns the absolute names to ask for, in order, without the dot at the end; those that the
/// search made too long are left out. Shape: `name` has been checked.
std::vector<std::string> names_to_ask(std::string_view name, const search_rules& rules);

}  // namespace heddle::io::detail
