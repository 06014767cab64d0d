// SPDX-License-Identifier: MIT
// Lines and records out of a stream of bytes, which come in pieces of any size.
// Invariants: (1) what was read from the stream and not yet handed out stays in the buffer,
// whatever ends a call: so reading a line is cancel-safe, and a call that failed can be repeated;
// (2) the buffer never holds more than the longest line and one piece; (3) what comes out does not
// depend on how the bytes were cut on the way. One fiber at a time. Not here: parsing. Source:
// asyncio's StreamReader, Go's bufio.Reader.
#pragma once

#include <heddle/io/stream.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace heddle::io {

/// How much a buffered_reader holds. Range of each: 1 B..1 GiB.
struct read_limits {
  /// Bytes asked of the stream at a time.
  std::size_t piece_bytes = 16 * 1024;
  /// The longest line, or record of read_until(), without its end.
  std::size_t line_bytes = 64 * 1024;
};

namespace detail {

/// buffered_reader without the type of its stream.
class read_buffer {
 public:
  /// Reads up to the next "\n", and takes that away, and a "\r" before it. Returns: the line, valid
  /// until the next call; nullopt at the end of the stream; bytes after the last "\n" are a line.
  /// Errors: io_errc::line_too_long, and nothing is taken away; io_error of the stream;
  /// std::bad_alloc. Suspends: unless a line is buffered, cancel-safe.
  std::optional<std::string_view> read_line();
  std::optional<std::string_view> read_line(std::error_code& error);

  /// Reads up to `delimiter`, and takes that away. Shape: not empty (std::invalid_argument).
  /// Returns: what was before it, valid until the next call; nullopt at the end of the stream.
  /// Errors: as read_line(); io_errc::unexpected_end if the stream ends with bytes but no
  /// delimiter; they are still there. Suspends: as read_line().
  std::optional<std::string_view> read_until(std::string_view delimiter);
  std::optional<std::string_view> read_until(std::string_view delimiter, std::error_code& error);

  /// Reads what there is, at least one byte, from the buffer first. Returns: how many; 0 at the
  /// end, or if `into` is empty. Errors: io_error of the stream. Suspends: if the buffer is empty,
  /// cancel-safe.
  std::size_t read_some(std::span<std::byte> into);
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);

  /// Reads until `into` is full. Errors: io_errc::unexpected_end; io_error of the stream. Returns
  /// (twin): how many bytes were read. Suspends: yes; not cancel-safe: bytes are lost.
  void read_exactly(std::span<std::byte> into);
  std::size_t read_exactly(std::span<std::byte> into, std::error_code& error);

  /// Reads to the end of the stream. Shape: `most` bytes at most. Errors: io_errc::too_much, with
  /// `most` bytes lost; io_error of the stream. Suspends: yes; not cancel-safe: bytes are lost.
  std::string read_all(std::size_t most);

  /// Returns what has been read from the stream and not handed out. Suspends: no.
  std::span<const std::byte> buffered() const noexcept;

 protected:
  /// Errors: std::invalid_argument that names the limit.
  read_buffer(source_ref from, const read_limits& limits);
  ~read_buffer() = default;
  read_buffer(const read_buffer&) = delete;
  read_buffer& operator=(const read_buffer&) = delete;

 private:
  /// What was found up to a delimiter, before it and with it.
  struct record {
    std::size_t bytes;
    std::size_t with_end;
  };

  std::size_t held() const noexcept { return end_ - begin_; }
  std::string_view text() const noexcept;
  std::optional<record> find(std::string_view delimiter, std::error_code& error);
  bool fill(std::error_code& error);
  void make_room();
  std::string_view take(record which) noexcept;
  void fail(const std::error_code& error, std::string_view operation) const;

  source_ref from_;
  read_limits limits_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;  // of what is held
  std::size_t end_ = 0;
};

}  // namespace detail

/// Reads from `Stream`, which it borrows: `buffered_reader in(stream);`. It is itself a
/// byte_source.
template <byte_source Stream>
class buffered_reader : public detail::read_buffer {
 public:
  /// Errors: std::invalid_argument that names the limit. Suspends: no.
  explicit buffered_reader(Stream& from, const read_limits& limits = {})
      : read_buffer(detail::source_ref::to(from), limits) {}
};

}  // namespace heddle::io
