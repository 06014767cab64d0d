// SPDX-License-Identifier: MIT
// Finds the end of a message's head in bytes that come in pieces, and refuses a head that is too
// large, or whose lines end or continue as only some would read them.
// Invariants: (1) every byte is looked at once, however the head was cut on the way, and what is
// said of it does not depend on the cuts; (2) a head that is found ends every line by CR LF and
// starts none by a space or tab; (3) never more than the limits has to be held to come to a
// conclusion. Not here: what the lines say (parse_head.hpp). Source: RFC 9112, section 2.2.
#pragma once

#include "message/refusal.hpp"

#include <cstddef>
#include <string_view>

namespace heddle::http::detail {

struct head_limits {
  std::size_t start_line_bytes = 8 * 1024;  // without its end
  std::size_t field_bytes = 64 * 1024;      // all field lines with their ends
  std::size_t fields = 100;
};

class head_scanner {
 public:
  explicit head_scanner(const head_limits& limits) noexcept : limits_(limits) {}

  /// Looks at `text`, which begins as in the calls before and may have become longer. Returns: how
  /// many bytes the head has with the empty line that ends it; 0: its end has not come, or it is
  /// refused.
  std::size_t scan(std::string_view text, refusal& refused) noexcept;

  /// Returns whether nothing of a head has been looked at.
  bool untouched() const noexcept { return scanned_ == 0; }

  /// Starts with another head.
  void reset() noexcept;

 private:
  refusal check_length(std::size_t end) const noexcept;

  head_limits limits_;
  std::size_t scanned_ = 0;  // bytes known to hold no end of a line that has not been seen
  std::size_t line_ = 0;     // where the line begins that has not ended
  std::size_t fields_at_ = 0;
  std::size_t lines_ = 0;
};

}  // namespace heddle::http::detail
