// SPDX-License-Identifier: MIT
// Messages both ways over one connection. One fiber receives, any number send, anybody closes.
//
// Everything that waits works in fibers only (std::logic_error on a plain thread). A call with a
// trailing std::error_code& reports there what its twin throws as websocket_error, for what the
// protocol has to say, or io_error, for the stream below; both throw `cancelled`.
//
// Invariants: (1) messages are sent whole, those of several fibers one after the other in the order
// in which they began to wait; (2) nothing is queued without bound: a send waits for the peer, and
// of the pings that come while somebody sends only the newest is answered; (3) every wait for the
// peer but receive()'s ends within a limit of websocket_limits. Not here: how that is kept:
// ../../../src/websocket/README.md. Source: RFC 6455, RFC 7692.
#pragma once

#include <heddle/http/websocket_client_config.hpp>
#include <heddle/http/websocket_config.hpp>
#include <heddle/http/websocket_error.hpp>
#include <heddle/io/endpoint.hpp>
#include <heddle/io/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace heddle::http {

namespace detail {
class conversation;
struct websocket_access;
}  // namespace detail

/// A WebSocket whose handshake is done. Move-only; moved from, it may only be destroyed, assigned
/// to, aborted, or asked is_open(): all else is a std::logic_error. Destroying it closes its stream
/// at once, without a close frame.
class websocket {
 public:
  enum class kind : std::uint8_t { text, binary };

  /// A message, in either direction.
  struct message {
    kind type = kind::text;
    std::string data = {};

    static message text(std::string data) { return {kind::text, std::move(data)}; }
    static message binary(std::string data) { return {kind::binary, std::move(data)}; }

    bool is_text() const noexcept { return type == kind::text; }
    std::span<const std::byte> bytes() const noexcept { return std::as_bytes(std::span(data)); }
    bool operator==(const message&) const = default;
  };

  /// Connects to "ws://host:port/path?query", or to "wss://..." over TLS, and asks for a WebSocket.
  /// Redirects are not followed. Errors: websocket_error (bad_handshake) with the status() of an
  /// answer that is not taken; http_error with the phase for what comes before that;
  /// std::invalid_argument for the URL, a limit, or a field. Suspends: yes, cancel-safe: nothing is
  /// left behind, but the server may have taken it.
  static websocket connect(std::string_view where, const websocket_client_config& config = {});

  websocket(websocket&&) noexcept;
  websocket& operator=(websocket&&) noexcept;
  ~websocket();

  /// Receives the next message, and answers pings and close frames meanwhile. Returns: nullopt once
  /// the peer has sent a close frame: close_code(), close_reason(). Errors: websocket_error if the
  /// peer breaks the protocol or a limit (it has been told the close code); io_error:
  /// unexpected_end if the stream ended without a close frame, timed_out if a limit of time was
  /// over, or another; std::logic_error if another fiber receives. Suspends: yes, cancel-safe:
  /// nothing is lost, not even of a message that has come in part.
  std::optional<message> receive();
  std::optional<message> receive(std::error_code& error);

  /// Sends a message. Errors: websocket_errc::closed once either side has begun to close; io_error;
  /// std::invalid_argument for a text that is not UTF-8. Suspends: while others send, and while the
  /// peer takes nothing; if it takes nothing for websocket_limits::write_stall the connection is
  /// aborted (timed_out). Cancelled before the stream has taken a byte of it: nothing was sent.
  /// Cancelled later: the connection is aborted (websocket_errc::cut_off in later calls). Once the
  /// stream has all of it the call returns, cancelled or not.
  void send(const message& what);
  void send(const message& what, std::error_code& error);
  /// Sends a text.
  void send(std::string_view text);
  void send(std::string_view text, std::error_code& error);
  /// Sends a binary message.
  void send(std::span<const std::byte> bytes);
  void send(std::span<const std::byte> bytes, std::error_code& error);

  /// Sends a ping. Shape: at most 125 bytes (std::invalid_argument). Errors, Suspends: as send(),
  /// but if it is cancelled the connection lives on in any case.
  void ping(std::string_view payload = {});
  void ping(std::string_view payload, std::error_code& error);

  /// Sends a close frame and waits until the peer has sent one, at most
  /// websocket_limits::close_timeout; then the connection is closed or aborted. Messages that still
  /// come go to whoever receives meanwhile, or nowhere. Shape: `reason` is UTF-8 of at most 123
  /// bytes and `code` may be sent: 1000..1003, 1007..1014, 3000..4999 (std::invalid_argument).
  /// Returns: whether there has been a close frame of the peer's. Suspends: yes; cancelled, the
  /// close frame is sent, or will be by the next call. From any fiber, again and again.
  bool close(http::close_code code = http::close_code::normal, std::string_view reason = {});

  /// Drops the connection. Calls under way fail with operation_canceled. From any fiber or thread.
  /// Suspends: no.
  void abort() noexcept;

  /// Returns whether messages may be sent: neither side has begun to close. Suspends: no.
  bool is_open() const noexcept;

  /// Returns what the close frame of the peer said; nullopt: there has been none.
  std::optional<http::close_code> close_code() const;
  std::string close_reason() const;

  /// Returns the subprotocol that was agreed on; empty: none.
  std::string_view subprotocol() const;
  /// Returns whether messages may be compressed.
  bool compresses() const;
  io::endpoint peer_endpoint() const;

 private:
  friend struct detail::websocket_access;
  explicit websocket(std::shared_ptr<detail::conversation> begun) noexcept;
  detail::conversation& with() const;

  std::shared_ptr<detail::conversation> conversation_;  // a server's, too, until the handler's end
};

}  // namespace heddle::http
