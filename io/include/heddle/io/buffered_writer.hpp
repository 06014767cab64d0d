// SPDX-License-Identifier: MIT
// Small writes, gathered into large ones.
// Invariants: (1) bytes reach the stream in the order of the calls; (2) never more than
// buffer_bytes wait: a write that finds no room waits for the stream, so a slow reader slows its
// writer down; (3) what waits is written by flush() and by writes that find no room, and by nothing
// else: a destructor writes nothing; (4) nothing is written behind a write of which only a part has
// gone out. One fiber at a time. Source: asyncio's StreamWriter, Go's bufio.Writer.
#pragma once

#include <heddle/io/stream.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace heddle::io {

/// How much a buffered_writer holds.
struct write_limits {
  /// Bytes that may wait. Range 1 B..1 GiB. Larger writes go past the buffer.
  std::size_t buffer_bytes = 16 * 1024;
};

namespace detail {

/// buffered_writer without the type of its stream.
class write_buffer {
 public:
  /// Takes all of `from`. Errors: io_error of the stream, also of bytes written before: how many
  /// have gone out is then unknown, and later calls fail in the same way. Suspends: if there is no
  /// room. Cancelled: nothing was taken; or, of a write larger than the buffer, a part has gone out
  /// alone, and later calls fail with std::errc::operation_canceled.
  void write(std::span<const std::byte> from);
  void write(std::string_view text);
  void write(std::span<const std::byte> from, std::error_code& error);
  void write(std::string_view text, std::error_code& error);

  /// As write(); what makes this a byte_sink. Returns: from.size(), or 0 if there was an error.
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error);

  /// Writes all that waits. Errors: as write(). Suspends: while the stream takes nothing,
  /// cancel-safe: what is left still waits.
  void flush();
  void flush(std::error_code& error);

  /// Returns how many bytes wait. Suspends: no.
  std::size_t waiting() const noexcept { return held_.size() - begin_; }

 protected:
  /// Errors: std::invalid_argument that names the limit.
  write_buffer(sink_ref to, const write_limits& limits);
  ~write_buffer() = default;
  write_buffer(const write_buffer&) = delete;
  write_buffer& operator=(const write_buffer&) = delete;

 private:
  void put(std::span<const std::byte> from, std::error_code& error);
  void fail(const std::error_code& error) const;

  sink_ref to_;
  write_limits limits_;
  std::vector<std::byte> held_;
  std::size_t begin_ = 0;  // of held_: what is before it has been written
  std::error_code failed_;
};

}  // namespace detail

/// Writes to `Stream`, which it borrows: `buffered_writer out(stream);`. Call flush() at the end.
template <byte_sink Stream>
class buffered_writer : public detail::write_buffer {
 public:
  /// Errors: std::invalid_argument that names the limit. Suspends: no.
  explicit buffered_writer(Stream& to, const write_limits& limits = {})
      : write_buffer(detail::sink_ref::to(to), limits) {}
};

}  // namespace heddle::io
