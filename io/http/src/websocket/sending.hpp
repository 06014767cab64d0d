// SPDX-License-Identifier: MIT
// Sending: messages of many fibers, one at a time, and the outbox between them.
// Invariants and their proofs: README.md, "Sending", "The receiver does not wait for a sender",
// "Cancelled".
#pragma once

#include <heddle/http/websocket_config.hpp>

#include <heddle/sync/mutex.hpp>

#include "websocket/deflate.hpp"
#include "websocket/outbox.hpp"
#include "websocket/wire.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace heddle::http::detail {

class sending {
 public:
  sending(wire& over, websocket_role own, const websocket_limits& limits,
          const std::optional<agreed_compression>& agreed);

  outbox& posts() noexcept { return posts_; }
  const outbox& posts() const noexcept { return posts_; }

  /// Sends a message: as websocket::send().
  void send(opcode kind, std::span<const std::byte> payload, std::error_code& error);

  /// Sends a ping. Cancelled: it goes out or not.
  void ping(std::span<const std::byte> payload, std::error_code& error);

  /// Sends what is posted unless somebody else has the turn, who will. An error is left for those
  /// who send or read next. Suspends: while the peer takes nothing, cancel-safe.
  void send_posts_if_free();

  /// Waits for the turn, and sends what is posted. Suspends: yes, cancel-safe.
  void send_posts(std::error_code& error);

 private:
  struct outgoing;
  std::error_code refusal() const noexcept;
  void send_with_turn(opcode kind, std::span<const std::byte> payload, std::error_code& error);
  void write_posts(outbox::place where, std::error_code& error);
  void write_message(outgoing& message, std::error_code& error);
  void write_frame(const frame_head& head, outgoing& message, std::span<const std::byte> piece,
                   std::error_code& error);
  void write(std::span<const std::byte> bytes, outgoing& message, std::error_code& error);
  void compress(outgoing& message);
  void leave_posts_to_the_peer_or_others() noexcept;

  wire& wire_;
  const websocket_limits& limits_;
  mask_source masks_;
  const bool masked_;
  outbox posts_;
  sync::mutex turn_;

  // Of whoever has the turn.
  std::error_code broken_;
  std::size_t threshold_bytes_ = 0;
  std::optional<compressor> deflate_;
  std::vector<std::byte> buffer_;
};

}  // namespace heddle::http::detail
