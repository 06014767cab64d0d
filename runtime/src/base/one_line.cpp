// SPDX-License-Identifier: MIT
// See one_line.hpp. Bytes from 0x80 up are kept: they are text in UTF-8, and the cut below falls
// between two characters of it.
#include "base/one_line.hpp"

namespace heddle::detail {

namespace {

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool continues_a_character(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t longest_bytes) {
  const bool too_long = text.size() > longest_bytes;
  if (too_long) {
    std::size_t kept = longest_bytes;
    while (kept > 0 && continues_a_character(text[kept])) --kept;
    text = text.substr(0, kept);
  }
  std::string line;
  line.reserve(text.size() + 3);
  bool in_gap = false;
  for (const char c : text) {
    const bool control = is_control(c);
    if (!control || !in_gap) line += control ? ' ' : c;
    in_gap = control;
  }
  if (too_long) line += "...";
  return line;
}

}  // namespace heddle::detail
