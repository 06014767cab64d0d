// SPDX-License-Identifier: MIT
// The character classes of HTTP. Source: RFC 9110, section 5.6; RFC 9112, section 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heddle::http::detail {

/// Returns whether `text` is one or more characters of which names are made.
bool is_token(std::string_view text) noexcept;

/// Returns whether `text` may be the value of a field: no control character but tab, no space or
/// tab at an end. Bytes above 127 are let through, as they come.
bool is_field_value(std::string_view text) noexcept;

/// Returns whether `text` has only what a host and its port are made of, and nothing by which a
/// path or a user could be meant. An empty one has.
bool is_host(std::string_view text) noexcept;

/// Returns `c`, or its small letter, of ASCII's.
constexpr char lowered(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
std::string lowered(std::string_view text);

/// Returns whether `a` is `lower`, written in letters of any case. Shape: `lower` has no capitals.
bool is_word(std::string_view a, std::string_view lower) noexcept;

/// Returns the value of a hexadecimal digit; -1 if it is none.
int hex_value(char digit) noexcept;

/// Returns the number that `text` is, of decimal digits and nothing else; nullopt if it is none, or
/// larger than 64 bits hold.
std::optional<std::uint64_t> decimal(std::string_view text) noexcept;

/// Returns `text` without the spaces and tabs at its ends.
std::string_view trimmed(std::string_view text) noexcept;

/// Takes the next element off a list that commas separate, trimmed; empty elements are left out.
/// Returns: false if there was none.
bool next_element(std::string_view& list, std::string_view& element) noexcept;

/// Returns whether a list that commas separate has `lower`, in letters of any case.
bool has_element(std::string_view list, std::string_view lower) noexcept;

}  // namespace heddle::http::detail
