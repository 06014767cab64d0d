// SPDX-License-Identifier: MIT
// One memchr a line. What is too long is refused before anything else of it is looked at, so that a
// long line is the same fault before and after its end has come.
#include "message/head_scanner.hpp"

namespace heddle::http::detail {

void head_scanner::reset() noexcept { *this = head_scanner(limits_); }

/// Says whether a line may reach to `end`, its own end not counted.
refusal head_scanner::check_length(std::size_t end) const noexcept {
  if (lines_ == 0 && end > limits_.start_line_bytes) {
    return {414, "the first line is too long"};
  }
  if (lines_ != 0 && end - fields_at_ > limits_.field_bytes) {
    return {431, "the header is too large"};
  }
  return {};
}

std::size_t head_scanner::scan(std::string_view text, refusal& refused) noexcept {
  for (;;) {
    if ((refused = check_length(line_))) return 0;
    const bool begun = line_ < text.size();
    if (begun && lines_ != 0 && (text[line_] == ' ' || text[line_] == '\t')) {
      refused = {400, "a header line begins with a space"};
      return 0;
    }
    const std::size_t at = text.find('\n', scanned_);
    if (at == std::string_view::npos) {
      // A CR may be the first half of the line's end.
      const std::size_t end = text.ends_with('\r') ? text.size() - 1 : text.size();
      scanned_ = text.size();
      refused = check_length(end);
      return 0;
    }
    const bool ended_well = at > line_ && text[at - 1] == '\r';
    if ((refused = check_length(ended_well ? at - 1 : at))) return 0;
    if (!ended_well) {
      refused = {400, "a line does not end with CR LF"};
      return 0;
    }
    const bool empty = at == line_ + 1;
    scanned_ = line_ = at + 1;
    if (empty && lines_ != 0) return line_;
    if (empty) {
      refused = {400, "the first line is empty"};
      return 0;
    }
    if (lines_++ == 0) {
      fields_at_ = line_;
    } else if (lines_ - 1 > limits_.fields) {
      refused = {431, "there are too many header fields"};
      return 0;
    }
  }
}

}  // namespace heddle::http::detail
