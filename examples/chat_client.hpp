// SPDX-License-Identifier: MIT
// A member of the chat, for its self-test: the little of RFC 6455 that it needs, by hand, so that
// it can be as slow as it likes.
#pragma once

#include <heddle/heddle.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

class chat_client {
 public:
  chat_client(const heddle::io::endpoint& room, std::string_view name)
      : stream_(heddle::io::tcp_stream::connect(room, few)), in_(stream_) {
    send(
        "GET /room HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    in_.read_until("\r\n\r\n");
    say(name);
    hear("here");
  }

  /// Shape: at most 65535 bytes.
  void say(std::string_view text) {
    std::string frame(1, '\x81');  // a text
    if (text.size() < 126) {
      frame += static_cast<char>(0x80U | text.size());  // 0x80: it is masked
    } else {
      frame += '\xfe';
      frame += static_cast<char>(text.size() >> 8U);
      frame += static_cast<char>(text.size());
    }
    send(frame.append(4, '\0').append(text));  // the mask is 0
  }

  /// Waits for a message that begins with `what`, or for the end. Returns: it, or "closed: " with
  /// the code and the reason.
  std::string hear(std::string_view what) {
    for (;;) {
      const auto head = read<2>();
      std::size_t length = head[1];
      if (length == 126) {
        const auto long_form = read<2>();
        length = (std::size_t{long_form[0]} << 8U) + long_form[1];
      }
      std::string text(length, '\0');
      in_.read_exactly(std::as_writable_bytes(std::span(text)));
      if (head[0] == 0x88) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text.at(at)); };
        return "closed: " + std::to_string(byte(0) * 256 + byte(1)) + ' ' + text.substr(2);
      }
      if (text.starts_with(what)) return text;
    }
  }

 private:
  static inline const heddle::io::connect_options few{.stream = {.receive_buffer_bytes = 4096}};

  void send(std::string_view bytes) { stream_.write_all(std::as_bytes(std::span(bytes))); }

  template <std::size_t Count>
  std::array<unsigned char, Count> read() {
    std::array<unsigned char, Count> bytes{};
    in_.read_exactly(std::as_writable_bytes(std::span(bytes)));
    return bytes;
  }

  heddle::io::tcp_stream stream_;
  heddle::io::buffered_reader<heddle::io::tcp_stream> in_;
};
