// SPDX-License-Identifier: MIT
// Takes a chunked body apart, in pieces of any size.
// Invariants: (1) what comes out, and what is refused, does not depend on how the bytes were cut;
// (2) every line ends with CR LF, a size has 1 to 16 hexadecimal digits and fits 63 bits; (3)
// what the decoder holds is bounded: a size, and the trailer. Not here: what the trailer's fields
// mean. Source: RFC 9112, section 7.1.
#pragma once

#include "message/head.hpp"
#include "message/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http::detail {

struct chunk_limits {
  std::size_t line_bytes = 256;             // of one size line, without its end
  std::size_t extension_bytes = 16 * 1024;  // of all size lines, without sizes and ends
  std::size_t trailer_bytes = 16 * 1024;    // all field lines with their ends
  std::size_t trailer_fields = 100;
};

/// Returns whether a field says how a message is framed, routed, or read: that is too late behind
/// its body. Such fields are left out of what comes, and refused in what is sent.
bool is_forbidden_in_trailer(std::string_view name) noexcept;

class chunk_decoder {
 public:
  /// What one call made of its bytes.
  struct step {
    std::size_t taken = 0;       ///< how many it used up
    std::string_view data = {};  ///< a piece of the body among them
    refusal refused = {};
  };

  explicit chunk_decoder(const chunk_limits& limits) noexcept : limits_(limits) {}

  /// Takes bytes up to the end of the next piece of the body. Shape: not done. Returns: taken ==
  /// text.size() without data: more is needed. Errors: std::bad_alloc.
  step decode(std::string_view text);

  /// Returns whether the body has ended.
  bool done() const noexcept { return now_ == state::done; }

  /// Returns the fields behind the body, without those that a trailer must not have. Shape: done().
  const std::vector<field_view>& trailer() const noexcept { return trailer_.fields; }

 private:
  enum class state : std::uint8_t {
    first_digit,
    digits,
    extension,
    line_end,
    data,
    data_cr,
    data_lf,
    trailer,
    done
  };

  refusal take_line(char c) noexcept;
  refusal take_digit(char c) noexcept;
  refusal take_extension(char c) noexcept;
  refusal take_data_end(char c) noexcept;
  refusal take_trailer(std::string_view text, std::size_t& taken);
  refusal end_trailer();

  chunk_limits limits_;
  state now_ = state::first_digit;
  std::uint64_t left_ = 0;      // of the chunk
  std::size_t digits_ = 0;      // of its size
  std::size_t line_bytes_ = 0;  // of the size line so far
  std::size_t extensions_ = 0;  // bytes of extensions so far
  std::string trailer_text_;    // behind a request line, so that it reads as a head
  request_head trailer_;
};

}  // namespace heddle::http::detail
