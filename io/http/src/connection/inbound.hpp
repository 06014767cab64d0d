// SPDX-License-Identifier: MIT
// The reading side of a connection: its buffer, and reads that end at a deadline.
#pragma once

#include "connection/input_buffer.hpp"
#include "connection/transport.hpp"

#include <heddle/runtime/deadline.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace heddle::http::detail {

/// How fast a peer has to send: for `grace` any speed will do.
struct pace {
  std::chrono::nanoseconds grace{};
  std::uint64_t bytes_per_second = 0;  // 0: no limit
};

class inbound {
 public:
  explicit inbound(transport& from) noexcept : from_(from) {}

  input_buffer& buffer() noexcept { return buffer_; }

  /// Reads more behind what is held. Returns: false at the end, or if there was an error, which is
  /// timed_out at `limit`. Errors: `cancelled`, std::bad_alloc. Suspends: cancel-safe.
  bool fill(deadline limit, std::error_code& error);

  /// As fill(), of what is there: errc::operation_would_block if that is nothing, or not known
  /// without waiting. Suspends: no.
  bool try_fill(std::error_code& error);

  /// Reads what there is into `into`, past the buffer. Otherwise as fill().
  std::size_t read_some(std::span<std::byte> into, deadline limit, std::error_code& error);

  /// Waits until fill() has something to read, without memory. Returns: false if `limit` passed, or
  /// if there was an error.
  bool wait(deadline limit, std::error_code& error);

 private:
  transport& from_;
  input_buffer buffer_;
};

}  // namespace heddle::http::detail
