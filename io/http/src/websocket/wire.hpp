// SPDX-License-Identifier: MIT
// The stream below a WebSocket, with the limit of its writes, and why this side aborted it.
// Invariant: once aborted, nothing is written, and what fails reports the first cause.
#pragma once

#include "connection/transport.hpp"

#include <heddle/runtime/spinlock.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <system_error>

namespace heddle::http::detail {

class wire {
 public:
  wire(transport& stream, std::chrono::nanoseconds write_stall) noexcept
      : stream_(stream), write_stall_(write_stall) {}

  /// As transport's; what fails after abort() reports its cause. Suspends: yes, cancel-safe.
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);
  void wait_readable(std::error_code& error);
  /// As read_some; if nothing has come: operation_would_block. Waits where only a read can tell.
  std::size_t read_what_has_come(std::span<std::byte> into, std::error_code& error);

  /// Writes at least a byte, or aborts with timed_out. Suspends: yes, cancel-safe.
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error);

  void shutdown_write() noexcept;
  /// Drops the connection; the first cause counts. From any fiber or thread.
  void abort(std::error_code cause) noexcept;
  /// As abort(), but what the stream has taken is still sent.
  void close(std::error_code cause) noexcept;
  std::error_code cause() const noexcept;

  io::endpoint peer_endpoint() const { return stream_.peer_endpoint(); }

 private:
  void note(std::error_code cause) noexcept;
  void explain(std::error_code& error) const noexcept;

  transport& stream_;
  const std::chrono::nanoseconds write_stall_;
  mutable spinlock lock_;
  std::error_code cause_;
};

}  // namespace heddle::http::detail
