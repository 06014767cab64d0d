// SPDX-License-Identifier: MIT
// Control frames that wait to be sent: a pong, a ping and a close frame at most, and the rest of
// the one that is half way out.
// Invariants: (1) a frame that has begun goes out whole before another one begins; (2) nothing is
// handed out after the close frame; (3) has_work() is true from the moment something is posted
// until it has gone out. Who posts: anybody. Who sends: whoever has the turn (sending.hpp).
#pragma once

#include "websocket/frame.hpp"

#include <heddle/runtime/spinlock.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace heddle::http::detail {

class outbox {
 public:
  /// `masks`: those of a client; nullptr: this is a server. Used by whoever has the turn.
  explicit outbox(mask_source* masks) noexcept : masks_(masks) {}

  /// Posts a pong, in place of one that waits. Shape: at most 125 bytes.
  void post_pong(std::span<const std::byte> payload) noexcept;
  /// Posts a ping without a payload.
  void post_ping() noexcept;
  /// Posts a close frame. Shape: at most 125 bytes. Returns: false, and nothing has happened, if
  /// there has been one before.
  bool post_close(std::string_view payload) noexcept;

  /// Returns whether something waits, or is half way out.
  bool has_work() const noexcept;
  /// Returns whether a close frame has been posted; whether it has gone out.
  bool is_closing() const noexcept;
  bool close_is_out() const noexcept;

  /// Where the sender is: within a message a close frame has to wait.
  enum class place : bool { within_message, between_messages };

  /// With the turn: returns the bytes to be written next; none: nothing may go out here.
  std::span<const std::byte> front(place where);
  /// With the turn: says that `bytes` of front() have gone out.
  void sent(std::size_t bytes) noexcept;

  /// With the turn, where front() is empty: puts a ping there.
  void begin_ping(std::span<const std::byte> payload);

 private:
  struct post {
    std::array<std::byte, most_control_bytes> payload;
    std::size_t size = 0;
    bool waits = false;

    void fill(std::span<const std::byte> with) noexcept;
    std::span<const std::byte> span() const noexcept { return std::span(payload).first(size); }
  };

  bool take_next(place where, post& taken, opcode& code) noexcept;
  void begin(opcode code, std::span<const std::byte> payload, mask_key key) noexcept;

  mask_source* const masks_;
  mutable spinlock lock_;  // of the posts and flags
  post pong_;
  post ping_;
  post close_;
  bool is_closing_ = false;
  bool close_is_out_ = false;
  bool half_way_out_ = false;

  // Of whoever has the turn.
  std::array<std::byte, most_head_bytes + most_control_bytes> frame_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool is_close_ = false;
};

}  // namespace heddle::http::detail
