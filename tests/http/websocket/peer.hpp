// SPDX-License-Identifier: MIT
// A peer of a WebSocket that says exactly what it is told, and WebSockets without a handshake.
#pragma once

#include <heddle/http/websocket.hpp>

#include "http/support/memory_stream.hpp"
#include "http/websocket/dialogues.hpp"
#include "http/websocket/frames.hpp"
#include "websocket/access.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace heddle::test {

using http::websocket;
using http::detail::agreed_compression;
using http::detail::transport;
using http::detail::websocket_access;
using http::detail::websocket_role;
using http::detail::websocket_start;

/// Writes bytes, and reads frames, over a transport.
class raw_peer {
 public:
  explicit raw_peer(std::unique_ptr<transport> over) : over_(std::move(over)) {}

  /// Returns: the error that stopped it.
  std::error_code write(std::string_view text) {
    std::error_code error;
    for (auto rest = bytes_of(text); !rest.empty() && !error;) {
      rest = rest.subspan(over_->write_some(rest, error));
    }
    return error;
  }

  std::error_code write(const std::vector<frame_of>& frames) {
    return write(bytes_of(frames, from::client));
  }

  /// Reads the next frame, masked or not; nullopt at the end, which error() says more of.
  std::optional<frame_of> read_frame() {
    if (!have(2)) return std::nullopt;
    const auto at = [&](std::size_t n) { return static_cast<unsigned char>(bytes_[n]); };
    std::size_t head = 2;
    std::uint64_t length = at(1) & 0x7fU;
    const std::size_t form = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (!have(head + form)) return std::nullopt;
    if (form != 0) length = 0;
    for (std::size_t n = 0; n < form; ++n) length = length << 8 | at(head + n);
    head += form;
    was_masked_ = (at(1) & 0x80U) != 0;
    const std::size_t mask = was_masked_ ? 4 : 0;
    if (!have(head + mask + length)) return std::nullopt;
    const std::string key = bytes_.substr(head, mask);
    frame_of found{at(0), bytes_.substr(head + mask, length)};
    for (std::size_t n = 0; n < length && mask != 0; ++n) {
      found.payload[n] = static_cast<char>(found.payload[n] ^ key[n % 4]);
    }
    bytes_.erase(0, head + mask + length);
    return found;
  }

  /// Reads up to the end.
  std::vector<frame_of> read_all() {
    std::vector<frame_of> all;
    while (auto next = read_frame()) all.push_back(std::move(*next));
    return all;
  }

  bool was_masked() const { return was_masked_; }
  const std::error_code& error() const { return error_; }
  /// What was read and is no whole frame.
  const std::string& rest() const { return bytes_; }
  transport& stream() { return *over_; }

 private:
  bool have(std::uint64_t bytes) {
    while (bytes_.size() < bytes && !error_) {
      std::string piece(4096, '\0');
      const std::size_t got = over_->read_some(std::as_writable_bytes(std::span(piece)), error_);
      if (got == 0) return false;
      bytes_.append(piece, 0, got);
    }
    return bytes_.size() >= bytes;
  }

  std::unique_ptr<transport> over_;
  std::string bytes_;
  std::error_code error_;
  bool was_masked_ = false;
};

/// A WebSocket, and the other end of its stream.
struct websocket_and_peer {
  websocket socket;
  raw_peer peer;
};

inline websocket_and_peer with_raw_peer(const memory_stream_options& options = {},
                                        const websocket_start& start = {}) {
  memory_pair both = connected_in_memory(options);
  return {websocket_access::over(std::move(both.near), start), raw_peer(std::move(both.far))};
}

/// Two WebSockets that talk to one another.
struct websocket_pair {
  websocket server;
  websocket client;
};

inline websocket_pair connected_websockets(const memory_stream_options& options = {},
                                           websocket_start start = {}) {
  memory_pair both = connected_in_memory(options);
  start.own = websocket_role::server;
  websocket server = websocket_access::over(std::move(both.near), start);
  start.own = websocket_role::client;
  return {std::move(server), websocket_access::over(std::move(both.far), start)};
}

/// Echoes until the end. Returns: what ended it.
inline std::error_code echo(websocket& over) {
  std::error_code error;
  while (auto message = over.receive(error)) {
    over.send(*message, error);
    if (error) break;
  }
  return error;
}

}  // namespace heddle::test
