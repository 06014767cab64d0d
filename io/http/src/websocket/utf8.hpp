// SPDX-License-Identifier: MIT
// Checks UTF-8 as it arrives. Invariants: (1) the result does not depend on how the text is cut;
// (2) the first byte after which no text could be valid any more is found when it comes. Source:
// RFC 3629; the ranges of the second byte are Unicode's table 3-7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace heddle::http::detail {

class utf8_checker {
 public:
  /// Returns whether what has come so far can be the beginning of a valid text. Once false, always.
  /// Cost: 8 bytes a step where they are ASCII.
  bool add(std::span<const std::byte> piece) noexcept;

  /// Returns whether what has come so far is a whole valid text.
  bool is_complete() const noexcept { return missing_ == 0; }

 private:
  bool begin_character(std::uint8_t first) noexcept;

  std::uint8_t missing_ = 0;  // bytes of the character that has begun; none_fits: invalid
  std::uint8_t least_ = 0;    // the next of them is in this range
  std::uint8_t most_ = 0;
};

/// Returns whether `text` is valid.
bool is_utf8(std::string_view text) noexcept;

}  // namespace heddle::http::detail
