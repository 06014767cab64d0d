// SPDX-License-Identifier: MIT
// A WebSocket from its handshake to its end: what websocket.hpp offers. Who may touch what, and why
// that works: README.md.
#pragma once

#include <heddle/http/websocket_config.hpp>
#include <heddle/runtime/deadline.hpp>

#include "connection/transport.hpp"
#include "websocket/assembly.hpp"
#include "websocket/close_frame.hpp"
#include "websocket/handshake.hpp"
#include "websocket/reading_right.hpp"
#include "websocket/sending.hpp"
#include "websocket/wire.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace heddle::http::detail {

/// What a conversation begins with.
struct websocket_start {
  websocket_role own = websocket_role::server;
  websocket_limits limits = {};
  agreed_websocket agreed = {};
  /// What was read behind the handshake.
  std::span<const std::byte> already_read = {};
};

/// A message that has come.
struct received_message {
  opcode kind;
  std::string data;
};

class conversation {
 public:
  conversation(std::shared_ptr<transport> stream, const websocket_start& start);
  ~conversation();
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;

  std::optional<received_message> receive(std::error_code& error);
  void send(opcode kind, std::span<const std::byte> payload, std::error_code& error) {
    sending_.send(kind, payload, error);
  }
  void ping(std::span<const std::byte> payload, std::error_code& error) {
    sending_.ping(payload, error);
  }
  bool close(const closing& what);
  void abort() noexcept;

  /// Closes the stream, whoever still has the conversation. From any fiber or thread. Suspends: no.
  void let_go() noexcept;

  bool is_open() const noexcept;
  /// What the peer's close frame said; nullptr: there has been none.
  const closing* peer_closing() const noexcept;
  const agreed_websocket& agreed() const noexcept { return agreed_; }
  io::endpoint peer_endpoint() const { return wire_.peer_endpoint(); }

 private:
  class reader;
  /// How far the reading has come.
  enum class phase : std::uint8_t { open, answering, refusing, ended };

  // With the reading:
  std::optional<received_message> read_message(std::error_code& error);
  void take(assembler::event what);
  void take_close();
  void count_control_frame();
  void begin_closing(phase next, close_code code);
  void refuse(websocket_errc why);
  void end(std::error_code why) noexcept;
  void fill();
  std::size_t read_more(std::error_code& error);
  deadline next_look() const noexcept;
  bool keep_alive();
  void finish(std::error_code& error);
  void see_closing_out(std::error_code& error);
  void read_to_the_end();

  const std::shared_ptr<transport> stream_;
  const websocket_role own_;
  const websocket_limits limits_;
  const agreed_websocket agreed_;
  wire wire_;
  sending sending_;
  reading_right reading_;

  // Of whoever has the reading.
  assembler assembler_;
  std::unique_ptr<std::byte[]> buffer_;  // NOLINT(modernize-avoid-c-arrays)
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  phase phase_ = phase::open;
  std::error_code end_error_;
  deadline closing_until_;
  clock::time_point control_since_{};
  std::size_t control_frames_ = 0;
  clock::time_point heard_{};
  bool ping_is_out_ = false;
  deadline pong_until_;

  // Written by the reading, once; then for everybody.
  closing peer_closing_;
  std::atomic<bool> peer_has_closed_{false};
  std::atomic<bool> has_ended_{false};
};

}  // namespace heddle::http::detail
