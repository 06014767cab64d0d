// SPDX-License-Identifier: MIT
// The writing side of a connection: what is to be sent, gathered until it is worth a system call.
// Invariant: what a peer does not take within the limit ends the connection: nothing waits for a
// slow reader for ever.
#pragma once

#include "connection/transport.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::http::detail {

class outbound {
 public:
  outbound(transport& to, std::chrono::nanoseconds stall) noexcept : to_(to), stall_(stall) {}

  /// Returns what has been gathered, to be added to.
  std::string& buffer() noexcept { return buffer_; }

  /// Sends what has been gathered. Returns: false if the connection is of no use any more; then it
  /// has been aborted. Errors: `cancelled`, and the connection has been aborted. Suspends: yes.
  bool flush();

  /// Sends what has been gathered, and `text` behind it, without copying what is large. Otherwise
  /// as flush().
  bool send(std::string_view text);

  /// Returns why the connection is of no use; empty if it is. http_errc::too_slow: the peer took
  /// nothing within the limit; timed_out is the system's, of a peer that is gone.
  const std::error_code& error() const noexcept { return error_; }
  bool failed() const noexcept { return static_cast<bool>(error_); }

  /// Returns how many bytes have been sent.
  std::uint64_t sent() const noexcept { return sent_; }

  /// Gives memory back that is not needed. Shape: nothing is gathered.
  void release() noexcept { std::string().swap(buffer_); }

 private:
  bool write(std::string_view text);

  transport& to_;
  const std::chrono::nanoseconds stall_;
  std::string buffer_;
  std::error_code error_;
  std::uint64_t sent_ = 0;
};

}  // namespace heddle::http::detail
