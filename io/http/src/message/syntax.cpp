// SPDX-License-Identifier: MIT
// Tables for what is asked of every byte.
#include "message/syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace heddle::http::detail {

namespace {

using byte_table = std::array<bool, 256>;

constexpr byte_table make_token_table() {
  byte_table table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}

constexpr byte_table make_value_table() {
  byte_table table{};
  for (std::size_t c = 0x20; c < table.size(); ++c) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}

constexpr byte_table make_host_table() {
  byte_table table{};
  for (std::size_t c = 0x21; c < 0x7f; ++c) table[c] = true;
  for (const char c : std::string_view("/\\@,?#<>\"{}|^`")) {
    table[static_cast<unsigned char>(c)] = false;
  }
  return table;
}

constexpr byte_table hosts = make_host_table();
constexpr byte_table tokens = make_token_table();
constexpr byte_table values = make_value_table();

bool all_in(std::string_view text, const byte_table& table) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return table[static_cast<unsigned char>(c)]; });
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

bool is_token(std::string_view text) noexcept { return !text.empty() && all_in(text, tokens); }

bool is_field_value(std::string_view text) noexcept {
  if (!text.empty() && (is_blank(text.front()) || is_blank(text.back()))) return false;
  return all_in(text, values);
}

bool is_host(std::string_view text) noexcept { return all_in(text, hosts); }

bool is_word(std::string_view a, std::string_view lower) noexcept {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(),
                                                [](char x, char y) { return lowered(x) == y; });
}

std::string lowered(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = lowered(c);
  return made;
}

int hex_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

std::optional<std::uint64_t> decimal(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const char* const last = text.data() + text.size();
  const auto read = std::from_chars(text.data(), last, value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != last) return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool next_element(std::string_view& list, std::string_view& element) noexcept {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    element = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (!element.empty()) return true;
  }
  return false;
}

bool has_element(std::string_view list, std::string_view lower) noexcept {
  std::string_view element;
  while (next_element(list, element)) {
    if (is_word(element, lower)) return true;
  }
  return false;
}

}  // namespace heddle::http::detail
