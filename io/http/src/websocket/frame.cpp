// SPDX-License-Identifier: MIT
// A byte at a time: a head has 14 at most.
#include "websocket/frame.hpp"

#include <algorithm>

namespace heddle::http::detail {

namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t compressed_bit = 0x40;
constexpr std::uint8_t other_reserved_bits = 0x30;
constexpr std::uint8_t opcode_bits = 0x0f;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t two_bytes_follow = 126;
constexpr std::uint8_t eight_bytes_follow = 127;

bool is_known(std::uint8_t code) noexcept { return code <= 2 || (code >= 8 && code <= 10); }

}  // namespace

built_head build_head(const frame_head& head) noexcept {
  built_head built;
  const auto put = [&](std::uint64_t byte) {
    built.bytes[built.size++] = static_cast<std::byte>(byte & 0xffU);
  };
  put((head.is_final ? final_bit : 0U) | (head.is_compressed ? compressed_bit : 0U) |
      static_cast<std::uint8_t>(head.code));
  const std::uint8_t masked = head.mask ? mask_bit : 0;
  if (head.length < two_bytes_follow) {
    put(masked | head.length);
  } else {
    const bool is_short = head.length <= 0xffff;
    put(masked | (is_short ? two_bytes_follow : eight_bytes_follow));
    for (int shift = is_short ? 8 : 56; shift >= 0; shift -= 8) put(head.length >> shift);
  }
  if (head.mask) {
    for (const std::byte each : *head.mask) built.bytes[built.size++] = each;
  }
  return built;
}

head_reader::progress head_reader::refuse(websocket_errc why) noexcept {
  error_ = why;
  return progress::refused;
}

head_reader::progress head_reader::read(std::span<std::byte>& input) noexcept {
  while (!input.empty()) {
    const auto byte = static_cast<std::uint8_t>(input.front());
    input = input.subspan(1);
    const progress now = take(byte);
    if (now != progress::need_more) {
      next_ = step::first;
      return now;
    }
  }
  return progress::need_more;
}

head_reader::progress head_reader::take(std::uint8_t byte) noexcept {
  switch (next_) {
    case step::first:
      return take_first(byte);
    case step::second:
      return take_second(byte);
    case step::length:
      return take_length(byte);
    case step::mask:
      break;
  }
  (*head_.mask)[4U - left_] = static_cast<std::byte>(byte);
  return --left_ == 0 ? progress::complete : progress::need_more;
}

head_reader::progress head_reader::take_first(std::uint8_t byte) noexcept {
  head_ = {};
  const std::uint8_t code = byte & opcode_bits;
  if ((byte & other_reserved_bits) != 0) return refuse(websocket_errc::reserved_bit);
  if (!is_known(code)) return refuse(websocket_errc::unknown_opcode);
  head_.code = static_cast<opcode>(code);
  head_.is_final = (byte & final_bit) != 0;
  head_.is_compressed = (byte & compressed_bit) != 0;
  if (is_control(head_.code) && !head_.is_final) return refuse(websocket_errc::fragmented_control);
  // Set on the first frame of a message only, and only where that was agreed on.
  const bool may_be_compressed = agreed_ == compression::negotiated &&
                                 (head_.code == opcode::text || head_.code == opcode::binary);
  if (head_.is_compressed && !may_be_compressed) return refuse(websocket_errc::reserved_bit);
  next_ = step::second;
  return progress::need_more;
}

head_reader::progress head_reader::take_second(std::uint8_t byte) noexcept {
  is_masked_ = (byte & mask_bit) != 0;
  if (own_ == websocket_role::server && !is_masked_) return refuse(websocket_errc::mask_missing);
  if (own_ == websocket_role::client && is_masked_) return refuse(websocket_errc::mask_unexpected);
  const std::uint8_t length = byte & 0x7f;
  if (is_control(head_.code) && length > most_control_bytes) {
    return refuse(websocket_errc::long_control);
  }
  if (length < two_bytes_follow) {
    head_.length = length;
    return after_length();
  }
  length_bytes_ = left_ = length == two_bytes_follow ? 2 : 8;
  next_ = step::length;
  return progress::need_more;
}

head_reader::progress head_reader::take_length(std::uint8_t byte) noexcept {
  if (left_ == 8 && (byte & 0x80) != 0) return refuse(websocket_errc::impossible_length);
  head_.length = head_.length << 8 | byte;
  if (--left_ != 0) return progress::need_more;
  const std::uint64_t least = length_bytes_ == 2 ? two_bytes_follow : 0x10000;
  if (head_.length < least) return refuse(websocket_errc::wasteful_length);
  return after_length();
}

head_reader::progress head_reader::after_length() noexcept {
  if (!is_masked_) return progress::complete;
  head_.mask.emplace();
  left_ = 4;
  next_ = step::mask;
  return progress::need_more;
}

}  // namespace heddle::http::detail
