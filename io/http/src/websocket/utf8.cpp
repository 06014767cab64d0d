// SPDX-License-Identifier: MIT
// Of the bytes of a character only the second has a range of its own; so a count and a range are
// all there is to remember.
#include "websocket/utf8.hpp"

#include <cstring>

namespace heddle::http::detail {

namespace {

constexpr std::uint8_t none_fits = 255;

/// Returns how many bytes at the start are ASCII, as far as whole words tell.
std::size_t ascii_words(std::span<const std::byte> piece) noexcept {
  std::size_t at = 0;
  for (; at + 8 <= piece.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, piece.data() + at, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  return at;
}

}  // namespace

bool utf8_checker::begin_character(std::uint8_t first) noexcept {
  if (first < 0x80) return true;
  least_ = 0x80;
  most_ = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    missing_ = 1;
  } else if (first >= 0xe0 && first <= 0xef) {
    missing_ = 2;
    if (first == 0xe0) least_ = 0xa0;  // below: overlong
    if (first == 0xed) most_ = 0x9f;   // above: surrogates
  } else if (first >= 0xf0 && first <= 0xf4) {
    missing_ = 3;
    if (first == 0xf0) least_ = 0x90;  // below: overlong
    if (first == 0xf4) most_ = 0x8f;   // above: past the last character
  } else {
    missing_ = none_fits;
  }
  return missing_ != none_fits;
}

bool utf8_checker::add(std::span<const std::byte> piece) noexcept {
  if (missing_ == none_fits) return false;
  for (std::size_t at = 0; at < piece.size();) {
    if (missing_ == 0) {
      at += ascii_words(piece.subspan(at));
      if (at == piece.size()) return true;
      if (!begin_character(static_cast<std::uint8_t>(piece[at++]))) return false;
      continue;
    }
    const auto next = static_cast<std::uint8_t>(piece[at++]);
    if (next < least_ || next > most_) {
      missing_ = none_fits;
      return false;
    }
    --missing_;
    least_ = 0x80;
    most_ = 0xbf;
  }
  return true;
}

bool is_utf8(std::string_view text) noexcept {
  utf8_checker checker;
  return checker.add(std::as_bytes(std::span(text))) && checker.is_complete();
}

}  // namespace heddle::http::detail
