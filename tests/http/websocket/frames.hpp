// SPDX-License-Identifier: MIT
// Frames as a peer makes them, also such as no peer should: written apart from what is tested.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::test {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The opcodes, and the bits beside them.
enum frame_bits : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close_frame = 8,
  ping = 9,
  pong = 10,
  rsv3 = 0x10,
  rsv2 = 0x20,
  rsv1 = 0x40,
  fin = 0x80,
};

constexpr std::string_view test_key = "\x37\xfa\x21\x3d";

/// The length field in a form of that many bytes: 0 (in the second byte), 2 or 8.
inline std::string length_field(std::uint64_t length, int form, bool masked) {
  const auto second = static_cast<unsigned>(form == 0 ? length : form == 2 ? 126U : 127U);
  std::string field(1, static_cast<char>(second | (masked ? 0x80U : 0U)));
  for (int n = form - 1; n >= 0; --n) field.push_back(static_cast<char>(length >> (8 * n) & 0xffU));
  return field;
}

inline int shortest_form(std::uint64_t length) { return length < 126 ? 0 : length < 65536 ? 2 : 8; }

inline std::string masked(std::string_view payload) {
  std::string all(payload);
  for (std::size_t n = 0; n < all.size(); ++n) {
    all[n] = static_cast<char>(all[n] ^ test_key[n % test_key.size()]);
  }
  return all;
}

/// A frame of a server.
inline std::string frame(unsigned first, std::string_view payload) {
  const auto length = length_field(payload.size(), shortest_form(payload.size()), false);
  return std::string(1, static_cast<char>(first)).append(length).append(payload);
}

/// A frame of a client.
inline std::string masked_frame(unsigned first, std::string_view payload) {
  const auto length = length_field(payload.size(), shortest_form(payload.size()), true);
  return std::string(1, static_cast<char>(first))
      .append(length)
      .append(test_key)
      .append(masked(payload));
}

inline std::string close_payload(unsigned code, std::string_view reason = {}) {
  std::string payload;
  payload.push_back(static_cast<char>(code >> 8));
  payload.push_back(static_cast<char>(code & 0xffU));
  return payload.append(reason);
}

}  // namespace heddle::test
