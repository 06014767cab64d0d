// SPDX-License-Identifier: MIT
// The head of an answer as it is sent. Source: RFC 9110, sections 6.6.1, 8.6; RFC 9112, section 4.
#pragma once

#include "message/framing.hpp"
#include "message/head.hpp"

#include <heddle/http/fields.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace heddle::http::detail {

/// Returns the words that go with a status; "" if it has none here.
std::string_view reason_of(int status) noexcept;

/// The time of day as HTTP writes it, in the lines that most answers begin with; made anew when a
/// second has passed.
class date_text {
 public:
  /// Returns the status line of 200 and the line of Date.
  std::string_view ok_lines() noexcept;
  /// Returns the line of Date.
  std::string_view line() noexcept;

 private:
  void look() noexcept;

  std::time_t second_ = 0;
  std::array<char, 64> text_{};
};

/// Writes a time as HTTP does: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t when);

enum class body_length : std::uint8_t { known, chunked, until_close, none };

/// Which of the fields that a server sets by itself were set by hand, and what they say.
struct own_fields {
  bool date = false;
  bool connection = false;
  bool close = false;
};
own_fields own_fields_of(const http::fields& header) noexcept;

/// What an answer says of itself, besides the fields that it was given.
struct answer_head {
  int status = 200;
  const http::fields* fields = nullptr;
  own_fields own = {};
  body_length how = body_length::known;
  std::uint64_t bytes = 0;
  version spoken = version::http_1_1;  // by the client
  after_message then = after_message::keep;
};

/// Puts it behind `out`.
void append_head(std::string& out, const answer_head& head, date_text& date);

/// Returns whether an answer with this status has no body, whatever the method.
inline bool is_bodiless(int status) noexcept { return status == 204 || status == 304; }

}  // namespace heddle::http::detail
