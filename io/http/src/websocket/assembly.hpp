// SPDX-License-Identifier: MIT
// Messages out of the bytes of a peer. No I/O: it is given what has arrived.
// Invariants: (1) what comes out does not depend on how the bytes were cut; (2) a frame, a message
// and what it inflates to keep to their limits, and memory is taken for what has arrived, not for
// what a head announces; (3) after `refused` nothing more is read. Source: RFC 6455, section 5.4.
#pragma once

#include <heddle/http/websocket_config.hpp>

#include "websocket/deflate.hpp"
#include "websocket/frame.hpp"
#include "websocket/utf8.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>

namespace heddle::http::detail {

class assembler {
 public:
  enum class event : std::uint8_t { need_more, message, ping, pong, close, refused };

  assembler(websocket_role own, const websocket_limits& limits,
            const std::optional<agreed_compression>& agreed);

  /// Takes bytes off the front of `input`, and changes them, until there is something to say; all
  /// of them if it says need_more. Errors: std::bad_alloc; the connection cannot go on then.
  event next(std::span<std::byte>& input);

  /// Of the message that was said to be there: whether it is text, and what it is. Once.
  bool is_text() const noexcept { return kind_ == opcode::text; }
  std::string take_message() noexcept;

  /// The payload of the ping, pong or close frame that was said to be there.
  std::span<const std::byte> control() const noexcept { return std::span(control_).first(held_); }

  /// Why the last bytes were refused.
  std::error_code error() const noexcept { return error_; }

 private:
  bool begin_frame();
  bool begin_data_frame();
  void take_control(std::span<const std::byte> piece) noexcept;
  void take_data(std::span<std::byte> piece);
  event end_frame();
  event finish_message();
  bool refuse(websocket_errc why) noexcept;

  const websocket_limits limits_;
  head_reader heads_;
  std::optional<decompressor> inflate_;

  bool in_payload_ = false;
  std::uint64_t left_ = 0;    // of the payload
  std::uint64_t offset_ = 0;  // what has come of it

  bool in_message_ = false;
  bool is_compressed_ = false;
  opcode kind_ = opcode::text;
  std::size_t fragments_ = 0;
  std::string message_;
  utf8_checker text_;

  std::array<std::byte, most_control_bytes> control_{};
  std::size_t held_ = 0;
  std::error_code error_;
};

}  // namespace heddle::http::detail
