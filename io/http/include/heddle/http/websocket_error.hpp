// SPDX-License-Identifier: MIT
// Why a WebSocket was closed, and what goes wrong with one.
// Invariants: (1) each websocket_errc that a peer brings about has the close code with which it is
// told so; (2) a websocket_error names the operation and the peer. What the stream below has to
// say comes as io_error. Source: RFC 6455, section 7.4.
#pragma once

#include <heddle/io/endpoint.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::http {

/// The codes of close frames. Others in 3000..4999 are the applications' own:
/// `static_cast<close_code>(4001)`.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  none = 1005,  ///< the peer's close frame had no code; never sent
  invalid_payload = 1007,
  policy_violation = 1008,
  too_big = 1009,
  extension_missing = 1010,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
  bad_gateway = 1014,
};

enum class websocket_errc {
  // Of this side.
  closed = 1,     ///< a send after the connection was closed, or is being closed
  cut_off,        ///< a send was cancelled when part of its message had gone
  bad_handshake,  ///< the answer to the request for a WebSocket is none that can be accepted
  // Close code 1002.
  reserved_bit,
  unknown_opcode,
  fragmented_control,
  long_control,
  wasteful_length,  ///< not the shortest encoding of the length
  impossible_length,
  mask_missing,
  mask_unexpected,
  nothing_to_continue,
  message_interrupted,
  bad_close_payload,
  bad_close_code,
  // 1007
  bad_utf8,
  bad_compression,
  // 1008
  too_many_pings,
  // 1009
  frame_too_big,
  message_too_big,
  too_many_fragments,
  inflates_too_much,
};

const std::error_category& websocket_category() noexcept;

inline std::error_code make_error_code(websocket_errc value) noexcept {
  return {static_cast<int>(value), websocket_category()};
}

/// Returns the code with which the peer is told; close_code::none for errors of this side.
close_code close_code_of(websocket_errc error) noexcept;

/// Thrown where a peer breaks the protocol or a limit, where a connection that was closed is
/// written to, and where a handshake fails.
class websocket_error : public std::system_error {
 public:
  /// Shape: `operation` is static text, such as "receive from".
  websocket_error(websocket_errc code, std::string_view operation, io::endpoint peer);
  /// Says more than the code does: what of the handshake was wrong.
  websocket_error(websocket_errc code, const std::string& detail, int status = 0);

  /// As http::close_code_of() its code.
  http::close_code close_code() const noexcept;
  const io::endpoint& peer() const noexcept { return *peer_; }
  /// Returns the status that a server answered to a request for a WebSocket; 0: it is about
  /// something else, also where it answered 101.
  int status() const noexcept { return status_; }

 private:
  int status_ = 0;
  std::shared_ptr<const io::endpoint> peer_;  // shared: an exception's copy must not throw
};

}  // namespace heddle::http

template <>
struct std::is_error_code_enum<heddle::http::websocket_errc> : std::true_type {};
