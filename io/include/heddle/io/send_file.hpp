// SPDX-License-Identifier: MIT
// A file, or a part of it, into a stream, with an account of what has gone out. Reads on the
// blocking pool, writes where the stream does. Not by sendfile(2): a page that is not in memory
// blocks the thread that asks for it, so it, too, would be a job of the pool for each piece; and so
// it was, on loopback, from 1 KiB to 100 MiB, no faster than this, which serves streams of all
// kinds. Not here: any stream into any other, which keeps no account (copy.hpp). Source:
// loop.sendfile of asyncio.
#pragma once

#include <heddle/io/file.hpp>
#include <heddle/io/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <system_error>

namespace heddle::io {

/// What of a file is still to be sent.
struct file_part {
  std::uint64_t offset = 0;  ///< of the first byte
  /// At most; the file's end may come first.
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
  /// How much is read at once. Range 1 B..1 GiB.
  std::size_t piece_bytes = 256 * 1024;
};

namespace detail {
std::uint64_t send_file(sink_ref to, const file& from, file_part& part, std::error_code& error);
[[noreturn]] void fail_to_send(sink_ref to, const file& from, const std::error_code& error);
}  // namespace detail

/// Sends `part` of a file, whose own position neither matters nor moves. `part` moves on with all
/// that the stream took: should this be cancelled, or fail, it says what was not sent. Returns: how
/// many bytes were sent; fewer than asked for if the file ends first. Errors: io_error that names
/// the peer or the file; `cancelled`; std::invalid_argument for piece_bytes. Suspends: yes; what
/// was sent before a cancellation stays sent. Cost: a job of the pool, a write and a copy in memory
/// for each piece.
template <byte_sink To>
std::uint64_t send_file(To& to, const file& from, file_part& part, std::error_code& error) {
  return detail::send_file(detail::sink_ref::to(to), from, part, error);
}
template <byte_sink To>
std::uint64_t send_file(To& to, const file& from, file_part& part) {
  std::error_code error;
  const std::uint64_t sent = detail::send_file(detail::sink_ref::to(to), from, part, error);
  if (error) detail::fail_to_send(detail::sink_ref::to(to), from, error);
  return sent;
}
/// All of it.
template <byte_sink To>
std::uint64_t send_file(To& to, const file& from) {
  file_part all;
  return send_file(to, from, all);
}

}  // namespace heddle::io
