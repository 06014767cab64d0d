// SPDX-License-Identifier: MIT
// Which part of a file a client asks for. Source: RFC 9110, section 14.
#pragma once

#include <cstdint>
#include <string_view>

namespace heddle::http::detail {

/// The bytes from `first` to before `end`.
struct byte_range {
  enum class kind : std::uint8_t { whole, part, nothing };
  kind what = kind::whole;
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};

/// Reads a Range field for something of `size` bytes. Returns: `part` for one range that it has;
/// `nothing` for one that lies behind it; `whole` if there is no range, if it is malformed, or if
/// there are several, which a server may ignore: answering them can cost far more than asking.
byte_range range_of(std::string_view field, std::uint64_t size) noexcept;

}  // namespace heddle::http::detail
