// SPDX-License-Identifier: MIT
// The head of a frame: read as it arrives, and built.
// Invariants: (1) what is read does not depend on how the bytes are cut; (2) a head is refused at
// the first byte after which it cannot be valid. Not here: what frames make up a message
// (assembly.hpp). Source: RFC 6455, section 5.2.
#pragma once

#include <heddle/http/websocket_error.hpp>

#include "websocket/mask.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace heddle::http::detail {

/// Which side of a connection this is. Clients mask what they send, servers must not.
enum class websocket_role : std::uint8_t { server, client };

enum class opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

constexpr bool is_control(opcode code) noexcept {
  return static_cast<std::uint8_t>(code) >= static_cast<std::uint8_t>(opcode::close);
}

constexpr std::size_t most_control_bytes = 125;
constexpr std::size_t most_head_bytes = 14;

struct frame_head {
  opcode code = opcode::continuation;
  bool is_final = true;
  bool is_compressed = false;  ///< RSV1
  std::optional<mask_key> mask = {};
  std::uint64_t length = 0;
};

/// Bytes of a head.
struct built_head {
  std::array<std::byte, most_head_bytes> bytes{};
  std::size_t size = 0;

  std::span<const std::byte> span() const noexcept { return std::span(bytes).first(size); }
};

/// Returns the head as it is sent, its length in the shortest form. Shape: length < 2^63.
built_head build_head(const frame_head& head) noexcept;

/// Reads heads of what the peer sends, one after the other.
class head_reader {
 public:
  enum class progress : std::uint8_t { need_more, complete, refused };
  enum class compression : std::uint8_t { refused, negotiated };

  /// `own` is the role of the reader: its peer has the other one.
  head_reader(websocket_role own, compression agreed) noexcept : own_(own), agreed_(agreed) {}

  /// Takes bytes of a head off the front of `input`, as many as it has need of.
  progress read(std::span<std::byte>& input) noexcept;

  /// The head that is complete, until read() is called again.
  const frame_head& head() const noexcept { return head_; }
  /// Why it was refused.
  websocket_errc error() const noexcept { return error_; }

 private:
  progress take(std::uint8_t byte) noexcept;
  progress take_first(std::uint8_t byte) noexcept;
  progress take_second(std::uint8_t byte) noexcept;
  progress take_length(std::uint8_t byte) noexcept;
  progress after_length() noexcept;
  progress refuse(websocket_errc why) noexcept;

  const websocket_role own_;
  const compression agreed_;
  enum class step : std::uint8_t { first, second, length, mask };
  step next_ = step::first;
  std::uint8_t left_ = 0;  // bytes of the length, or of the mask
  std::uint8_t length_bytes_ = 0;
  bool is_masked_ = false;
  frame_head head_;
  websocket_errc error_{};
};

}  // namespace heddle::http::detail
