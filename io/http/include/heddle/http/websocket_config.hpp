// SPDX-License-Identifier: MIT
// What a WebSocket may take, and whom it talks to.
// Invariant: every queue, message and wait of a WebSocket is bounded by a field here.
#pragma once

#include <heddle/io/toggle.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http {

/// Limits of one connection. What is over one of them ends the connection with the close code
/// named; what is out of range is refused with std::invalid_argument that names the field.
struct websocket_limits {
  /// Payload of a frame that comes. Range 125 B..1 GiB. 1009.
  std::size_t frame_bytes = std::size_t{1} << 20;
  /// A message that comes, inflated. Range 1 B..4 GiB. 1009.
  std::size_t message_bytes = std::size_t{16} << 20;
  /// Frames of which a message that comes may be made. Range 1..2^32 - 1. 1009.
  std::size_t fragments = 1024;
  /// How many times its size a message may inflate to, from `inflate_floor_bytes` on. Range
  /// 1..1100 (deflate itself ends at 1032). 1009.
  std::size_t inflate_ratio = 100;
  std::size_t inflate_floor_bytes = std::size_t{64} << 10;
  /// Pings and pongs that may come in a second. Range 1..10^6. 1008.
  std::size_t control_frames_per_second = 100;

  /// Payload of the frames that are sent: a longer message goes in several, between which pings are
  /// answered. Range 125 B..1 GiB.
  std::size_t send_frame_bytes = std::size_t{64} << 10;
  /// Bytes read at once. Range 512 B..1 MiB.
  std::size_t read_bytes = std::size_t{16} << 10;

  /// How long a peer may take nothing of what is written; then the connection is aborted. Range
  /// 1 ms..1 h.
  std::chrono::nanoseconds write_stall = std::chrono::seconds{30};
  /// How long the peer has to answer a close frame. Range 1 ms..1 h.
  std::chrono::nanoseconds close_timeout = std::chrono::seconds{5};

  /// A ping is sent when nothing has come for that long, while somebody receives. 0: never. Range
  /// 1 ms..24 h.
  std::chrono::nanoseconds ping_interval{0};
  /// How long after such a ping something has to come; then the connection is aborted with
  /// std::errc::timed_out. Range 1 ms..24 h.
  std::chrono::nanoseconds pong_timeout = std::chrono::seconds{20};
};

/// permessage-deflate (RFC 7692). Memory: ../../src/websocket/README.md.
struct websocket_compression {
  io::toggle enabled = io::toggle::off;

  /// Largest window of what is sent, as a power of 2. Range 9..15; a peer that wants 8 is declined.
  int send_window_bits = 15;
  /// Largest window of what comes. Below 15, peers that cannot be told so are declined. Range
  /// 9..15.
  int receive_window_bits = 15;
  /// Keeps the window from message to message: compresses better, and keeps the memory, too.
  io::toggle send_context = io::toggle::on;
  io::toggle receive_context = io::toggle::on;

  /// Effort and memory of zlib's compressor. Range 1..9 each.
  int level = 1;
  int memory_level = 8;

  /// Messages that are shorter are sent as they are.
  std::size_t threshold_bytes = 256;
};

struct websocket_config {
  websocket_limits limits = {};
  websocket_compression compression = {};

  /// Those that this side speaks, the preferred one first. A server takes the first that the client
  /// has offered too, or none; a client offers them. Shape: tokens, no two the same.
  std::vector<std::string> subprotocols = {};

  /// Server: pages of these origins ("https://example.com"; "*": all) may connect. Empty: those
  /// whose host is the one they connect to. A client that sends no Origin is no browser, and may.
  std::vector<std::string> origins = {};
  /// Server: decides in the place of `origins`, if set. `origin` is empty if there was none.
  std::function<bool(std::string_view origin, std::string_view host)> allow_origin = {};

  /// Throws std::invalid_argument that names the field which is out of its range.
  void check() const;
};

}  // namespace heddle::http
