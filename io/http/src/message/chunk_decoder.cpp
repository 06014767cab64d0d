// SPDX-License-Identifier: MIT
// A state a byte for the lines, whole pieces for the data.
#include "message/chunk_decoder.hpp"

#include "message/head_scanner.hpp"
#include "message/parse_head.hpp"
#include "message/syntax.hpp"

#include <algorithm>
#include <array>

namespace heddle::http::detail {

namespace {

constexpr std::size_t most_digits = 16;
constexpr std::string_view start_line = "GET / HTTP/1.1\r\n";

}  // namespace

bool is_forbidden_in_trailer(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 23> forbidden = {"transfer-encoding",
                                                          "content-length",
                                                          "host",
                                                          "connection",
                                                          "trailer",
                                                          "te",
                                                          "upgrade",
                                                          "keep-alive",
                                                          "proxy-connection",
                                                          "expect",
                                                          "max-forwards",
                                                          "cache-control",
                                                          "range",
                                                          "authorization",
                                                          "proxy-authorization",
                                                          "cookie",
                                                          "set-cookie",
                                                          "www-authenticate",
                                                          "proxy-authenticate",
                                                          "content-encoding",
                                                          "content-type",
                                                          "content-range",
                                                          "pragma"};
  return std::any_of(forbidden.begin(), forbidden.end(),
                     [&](std::string_view each) { return is_word(name, each); });
}

chunk_decoder::step chunk_decoder::decode(std::string_view text) {
  step made;
  while (made.taken < text.size() && !made.refused && now_ != state::done) {
    if (now_ == state::data) {
      const std::size_t here = text.size() - made.taken;
      made.data = text.substr(made.taken, std::min<std::uint64_t>(here, left_));
      made.taken += made.data.size();
      left_ -= made.data.size();
      if (left_ == 0) now_ = state::data_cr;
      return made;
    }
    if (now_ == state::trailer) {
      made.refused = take_trailer(text, made.taken);
    } else if (now_ == state::data_cr || now_ == state::data_lf) {
      made.refused = take_data_end(text[made.taken++]);
    } else {
      made.refused = take_line(text[made.taken++]);
    }
  }
  return made;
}

refusal chunk_decoder::take_data_end(char c) noexcept {
  const bool first = now_ == state::data_cr;
  if (c != (first ? '\r' : '\n')) return {400, "a chunk does not end with CR LF"};
  now_ = first ? state::data_lf : state::first_digit;
  return {};
}

refusal chunk_decoder::take_line(char c) noexcept {
  if (now_ == state::line_end) {
    if (c != '\n') return {400, "the line of a chunk's size does not end with CR LF"};
    line_bytes_ = digits_ = 0;
    now_ = left_ != 0 ? state::data : state::trailer;
    return {};
  }
  if (c == '\r' && now_ != state::first_digit) {
    now_ = state::line_end;
    return {};
  }
  if (++line_bytes_ > limits_.line_bytes) return {400, "the line of a chunk's size is too long"};
  if (now_ == state::extension) return take_extension(c);
  return take_digit(c);
}

refusal chunk_decoder::take_digit(char c) noexcept {
  if (c == ';' && now_ == state::digits) {
    now_ = state::extension;
    return take_extension(c);
  }
  const int value = hex_value(c);
  if (value < 0) return {400, "the size of a chunk is malformed"};
  if (now_ == state::first_digit) left_ = 0;
  now_ = state::digits;
  if (++digits_ > most_digits || left_ >> 59 != 0) return {400, "the size of a chunk is too large"};
  left_ = left_ * 16 + static_cast<std::uint64_t>(value);
  return {};
}

refusal chunk_decoder::take_extension(char c) noexcept {
  if (++extensions_ > limits_.extension_bytes) {
    return {400, "the extensions of the chunks are too long"};
  }
  const auto byte = static_cast<unsigned char>(c);
  if ((byte < ' ' && c != '\t') || byte == 0x7f) {
    return {400, "the extension of a chunk is malformed"};
  }
  return {};
}

/// Takes lines up to the empty one. A trailer reads as a head does: so it is checked as one.
refusal chunk_decoder::take_trailer(std::string_view text, std::size_t& taken) {
  const head_limits limits{.start_line_bytes = start_line.size(),
                           .field_bytes = limits_.trailer_bytes,
                           .fields = limits_.trailer_fields};
  if (trailer_text_.empty()) trailer_text_ = start_line;
  const std::size_t line_end = text.find('\n', taken);
  const std::size_t end = line_end == std::string_view::npos ? text.size() : line_end + 1;
  const std::size_t bytes = std::min(end - taken, limits_.trailer_bytes + 1);
  trailer_text_.append(text.substr(taken, bytes));
  taken += bytes;
  if (trailer_text_.back() != '\n' &&
      trailer_text_.size() - start_line.size() <= limits_.trailer_bytes) {
    return {};
  }
  refusal refused;
  head_scanner scanner(limits);
  const std::size_t found = scanner.scan(trailer_text_, refused);
  if (refused.status == 431) return {400, "the trailer is too large"};
  if (refused) return refused;
  return found == 0 ? refusal{} : end_trailer();
}

refusal chunk_decoder::end_trailer() {
  if (const refusal refused = parse_head(trailer_text_, trailer_)) {
    return {400, "the trailer is malformed"};
  }
  std::erase_if(trailer_.fields,
                [](const field_view& each) { return is_forbidden_in_trailer(each.name); });
  now_ = state::done;
  return {};
}

}  // namespace heddle::http::detail
