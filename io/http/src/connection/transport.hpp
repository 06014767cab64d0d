// SPDX-License-Identifier: MIT
// What HTTP runs over, TCP, UNIX sockets or TLS, as one type. One reader and one writer at a time,
// which may be two fibers; close() and abort() from anywhere. Errors and cancellation are the
// stream's: heddle/io/stream.hpp.
#pragma once

#include <heddle/io/endpoint.hpp>

#include <cstddef>
#include <span>
#include <system_error>

namespace heddle::http::detail {

class transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  virtual std::size_t read_some(std::span<std::byte> into, std::error_code& error) = 0;
  virtual std::size_t write_some(std::span<const std::byte> from, std::error_code& error) = 0;

  /// As the two above, but they do not wait: errc::operation_would_block, always where that cannot
  /// be known.
  virtual std::size_t try_read_some(std::span<std::byte> /*into*/, std::error_code& error) {
    error = std::make_error_code(std::errc::operation_would_block);
    return 0;
  }
  virtual std::size_t try_write_some(std::span<const std::byte> /*from*/, std::error_code& error) {
    error = std::make_error_code(std::errc::operation_would_block);
    return 0;
  }

  /// Waits until there is something to read, or the end, without a buffer to hold it.
  virtual void wait_readable(std::error_code& error) = 0;

  /// Returns whether something has come that nobody has read, the end included. Without an answer
  /// of its own, a transport is never kept for another request. Suspends: no.
  virtual bool is_readable() const noexcept { return true; }

  virtual void shutdown_write(std::error_code& error) = 0;
  virtual void close() noexcept = 0;
  virtual void abort() noexcept = 0;

  virtual io::endpoint peer_endpoint() const = 0;
  virtual bool is_encrypted() const noexcept = 0;
};

}  // namespace heddle::http::detail
