// SPDX-License-Identifier: MIT
// Messages, compressed and inflated, one after the other.
// Invariants: (1) a message ends at a byte, without the four bytes that all ends have in common;
// (2) nothing inflates to more than its limits, give or take what a kibibyte inflates to; (3) what
// inflates, and whether it is refused, does not depend on how it is cut, unless the peer refers to
// more than the window that it has agreed to: zlib finds that only where the bytes are gone; (4)
// without context takeover no memory is held between messages. Source: RFC 7692, section 7.2.
#pragma once

#include <heddle/http/websocket_error.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <system_error>

namespace heddle::http::detail {

/// What both sides have agreed on, seen from one of them.
struct agreed_compression {
  enum class context : bool { forget, keep };

  int send_window_bits = 15;  ///< below 9: send nothing compressed
  int receive_window_bits = 15;
  context send_context = context::keep;
  context receive_context = context::keep;
  // Nobody else's business:
  int level = 1;
  int memory_level = 8;
  std::size_t threshold_bytes = 256;
};

/// Compresses what is sent.
class compressor {
 public:
  explicit compressor(const agreed_compression& agreed);
  ~compressor();
  compressor(const compressor&) = delete;
  compressor& operator=(const compressor&) = delete;

  enum class part : bool { more_follows, last };

  /// Appends to `out` what comes of `piece` of a message that is not empty. Errors: std::bad_alloc.
  void add(std::span<const std::byte> piece, part which, std::string& out);

  /// Refers to nothing before from now on: what was compressed will not be sent, or the message is
  /// over and no context is kept.
  void forget() noexcept;

 private:
  struct stream;
  const agreed_compression agreed_;
  std::unique_ptr<stream> stream_;
};

struct inflate_limits {
  std::size_t message_bytes;
  std::size_t ratio;
  std::size_t floor_bytes;
};

/// Inflates what comes.
class decompressor {
 public:
  decompressor(const agreed_compression& agreed, const inflate_limits& limits);
  ~decompressor();
  decompressor(const decompressor&) = delete;
  decompressor& operator=(const decompressor&) = delete;

  /// Appends to `out`, which holds the message so far, what comes of `piece`. Errors: sets `error`;
  /// std::bad_alloc. After an error nothing may be added.
  void add(std::span<const std::byte> piece, std::string& out, std::error_code& error);

  /// Ends a message.
  void finish(std::string& out, std::error_code& error);

 private:
  struct stream;
  void inflate_block(std::span<const std::byte> block, std::string& out, std::error_code& error);
  void begin_again_in_window();

  const agreed_compression agreed_;
  const inflate_limits limits_;
  std::size_t taken_ = 0;  // of this message, compressed
  std::unique_ptr<stream> stream_;
};

}  // namespace heddle::http::detail
