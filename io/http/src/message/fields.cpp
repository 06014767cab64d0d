// SPDX-License-Identifier: MIT
// One string holds all lines as they will be sent.
#include <heddle/http/fields.hpp>

#include "message/syntax.hpp"

#include <algorithm>
#include <stdexcept>

namespace heddle::http {

namespace {

constexpr std::string_view between = ": ";
constexpr std::string_view end_of_line = "\r\n";

[[noreturn]] void refuse(std::string_view name, const char* why) {
  throw std::invalid_argument("heddle::http::fields: '" + std::string(name) + "' " + why);
}

void check(std::string_view name, std::string_view value) {
  if (!detail::is_token(name)) refuse(name, "is no name of a header field");
  if (!detail::is_field_value(value)) {
    refuse(name,
           "cannot have this value: it has a line end, another control character, or a space at an "
           "end");
  }
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return detail::lowered(x) == detail::lowered(y);
         });
}

fields::line fields::line_at(std::size_t at) const noexcept {
  const std::string_view rest = text().substr(at);
  const std::size_t colon = rest.find(between);
  const std::size_t end = rest.find(end_of_line, colon);
  const std::size_t value = colon + between.size();
  return {{rest.substr(0, colon), rest.substr(value, end - value)}, end + end_of_line.size()};
}

void fields::add(std::string_view name, std::string_view value) {
  check(name, value);
  make_own();
  // Both may be views of lines_, which may move when it grows: so it grows once, by a copy.
  std::string fresh;
  fresh.reserve(name.size() + value.size() + 4);
  fresh.append(name).append(between).append(value).append(end_of_line);
  lines_ += fresh;
}

void fields::set(std::string_view name, std::string_view value) {
  check(name, value);
  make_own();
  for (std::size_t at = 0; at < lines_.size();) {
    const line found = line_at(at);
    if (!same_name(found.field.name, name)) {
      at += found.bytes;
      continue;
    }
    std::string fresh(name);
    fresh.append(between).append(value).append(end_of_line);
    lines_.replace(at, found.bytes, fresh);
    remove_from(at + fresh.size(), name);
    return;
  }
  add(name, value);
}

void fields::remove(std::string_view name) noexcept {
  if (lines_.empty() && !known_.empty()) {
    if (same_name(line_at(0).field.name, name)) known_ = {};
  } else {
    remove_from(0, name);
  }
}

void fields::remove_from(std::size_t at, std::string_view name) noexcept {
  while (at < lines_.size()) {
    const line found = line_at(at);
    if (same_name(found.field.name, name)) {
      lines_.erase(at, found.bytes);
    } else {
      at += found.bytes;
    }
  }
}

std::optional<std::string_view> fields::get(std::string_view name) const noexcept {
  for (std::size_t at = 0; at < text().size();) {
    const line found = line_at(at);
    if (same_name(found.field.name, name)) return found.field.value;
    at += found.bytes;
  }
  return std::nullopt;
}

std::size_t fields::size() const noexcept {
  std::size_t count = 0;
  for_each([&](const field_view&) { ++count; });
  return count;
}

}  // namespace heddle::http
