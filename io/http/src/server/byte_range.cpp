// SPDX-License-Identifier: MIT
// "bytes=2-5", "bytes=2-", "bytes=-5".
#include "server/byte_range.hpp"

#include "message/syntax.hpp"

#include <algorithm>

namespace heddle::http::detail {

byte_range range_of(std::string_view field, std::uint64_t size) noexcept {
  using kind = byte_range::kind;
  const byte_range whole{kind::whole, 0, size};
  const std::size_t sign = field.find('=');
  if (sign == std::string_view::npos || !is_word(field.substr(0, sign), "bytes")) return whole;
  const std::string_view range = trimmed(field.substr(sign + 1));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return whole;
  const auto first = decimal(range.substr(0, dash));
  const auto last = decimal(range.substr(dash + 1));
  if (dash == 0) {  // the last so many
    if (!last) return whole;
    if (*last == 0 || size == 0) return {kind::nothing, 0, 0};
    return {kind::part, size - std::min(*last, size), size};
  }
  const bool open = dash + 1 == range.size();
  if (!first || (!open && (!last || *last < *first))) return whole;
  if (*first >= size) return {kind::nothing, 0, 0};
  return {kind::part, *first, open ? size : std::min(*last, size - 1) + 1};
}

}  // namespace heddle::http::detail
