// SPDX-License-Identifier: MIT
// A connected socket that carries a stream of bytes both ways: what tcp_stream and unix_stream have
// in common, and all that most code has to know of them.
//
// Every call works in a fiber, which parks, and on a plain thread, which blocks. A call with a
// trailing std::error_code& reports there what its twin throws as io_error; both throw `cancelled`.
//
// Invariants: (1) one fiber may read while another writes and a third closes; two readers, or two
// writers, are safe too, but get the bytes in no known order; (2) close() ends the calls under way
// with std::errc::operation_canceled and later ones with std::errc::bad_file_descriptor, and no
// call ever touches a descriptor that was given to somebody else meanwhile; (3) descriptors are
// close-on-exec, and writing to a closed peer is an error, never SIGPIPE; (4) all sizes are bytes.
// Not here: buffers (buffered_reader.hpp). The protocol that keeps (2): src/net/README.md.
#pragma once

#include <heddle/io/detail/socket_handle.hpp>
#include <heddle/io/endpoint.hpp>
#include <heddle/io/error.hpp>

#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

namespace heddle::io {

namespace detail {
struct stream_access;
}

/// A connected stream. Move-only. Default-constructed or moved from, it is closed. Destroying it
/// closes it; calls under way in other fibers then end as by close().
class stream_socket {
 public:
  /// Reads what there is, at least one byte. Returns: how many; 0: the peer has ended its side, or
  /// `into` is empty. Errors: io_error. Suspends: while nothing has arrived, cancel-safe. Cost: one
  /// recv if the kernel has data; a short read makes the next call wait without asking it.
  std::size_t read_some(std::span<std::byte> into);
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);

  /// As read_some, but does not wait: what would have to sets `error` to operation_would_block.
  std::size_t try_read_some(std::span<std::byte> into, std::error_code& error);

  /// Waits until a read need not wait: bytes have arrived, the peer has ended its side, or there is
  /// an error, which the read will report. For many connections that wait without a buffer each.
  /// Where other fibers read too, what it has waited for may be theirs; and now and then it is told
  /// of bytes that a read has taken by then. So read by try_read_some, and if that would block wait
  /// again. Errors: io_error if the stream is closed, or by another fiber meanwhile. Suspends: yes,
  /// cancel-safe. Cost: a recv that only looks, if the kernel may have data already.
  void wait_readable();
  void wait_readable(std::error_code& error);

  /// Returns whether a read would not wait: bytes, the end, or an error are there, or the stream is
  /// closed. For pools, which must not hand out what the peer has ended. Suspends: no. Cost: a recv
  /// that only looks.
  bool is_readable() const noexcept;

  /// Writes what the kernel takes, at least one byte unless `from` is empty. Returns: how many.
  /// Errors: io_error (broken_pipe, connection_reset, ...). Suspends: while it takes nothing,
  /// cancel-safe. Cost: one send.
  std::size_t write_some(std::span<const std::byte> from);
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error);

  /// As write_some, but does not wait: what would have to sets `error` to operation_would_block.
  std::size_t try_write_some(std::span<const std::byte> from, std::error_code& error);

  /// Reads until `into` is full. Errors: io_error; io_errc::unexpected_end if the stream ends
  /// first. Returns (twin): how many bytes were read. Suspends: yes; not cancel-safe: bytes are
  /// lost.
  void read_exactly(std::span<std::byte> into);
  std::size_t read_exactly(std::span<std::byte> into, std::error_code& error);

  /// Writes all of `from`. Errors: io_error. Returns (twin): how many bytes were written.
  /// Suspends: yes; not cancel-safe: how much was written is then unknown.
  void write_all(std::span<const std::byte> from);
  std::size_t write_all(std::span<const std::byte> from, std::error_code& error);

  /// Ends this side: the peer reads what was written, then the end; reading goes on.
  /// Errors: io_error. Suspends: no.
  void shutdown_write();
  void shutdown_write(std::error_code& error);

  /// Closes; the kernel still delivers what was written. Calls under way in other fibers and
  /// threads end with operation_canceled. From any fiber or thread; a second call does nothing.
  /// Suspends: no.
  void close() noexcept;

  /// Closes and drops what is not yet delivered; a TCP peer sees connection_reset. Otherwise as
  /// close().
  void abort() noexcept;

  /// Returns whether it has been neither closed nor moved from. Suspends: no.
  bool is_open() const noexcept;

  /// Returns the other end, also after close(); `none` if never connected.
  endpoint peer_endpoint() const;
  /// Returns this end. Errors: io_error. Suspends: no. Cost: one system call.
  endpoint local_endpoint() const;
  endpoint local_endpoint(std::error_code& error) const;

  /// Returns the descriptor, for options not offered here; -1 if closed. It stays the stream's.
  int native_handle() const noexcept;

 protected:
  stream_socket() noexcept = default;
  explicit stream_socket(detail::socket_handle connected) noexcept
      : socket_(std::move(connected)) {}
  stream_socket(stream_socket&&) noexcept = default;
  stream_socket& operator=(stream_socket&&) noexcept = default;
  ~stream_socket() = default;

  detail::socket_handle socket_;

 private:
  friend struct detail::stream_access;
};

}  // namespace heddle::io
