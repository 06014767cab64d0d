// SPDX-License-Identifier: MIT
// The ends of a pipe: made by make_pipe(), or taken over from somewhere else (a FIFO, a child's
// output). Calls work in a fiber, which parks, and on a plain thread, which blocks.
// Invariants: (1) one fiber may read (or write) while another closes: the call ends with
// std::errc::operation_canceled, later ones with std::errc::bad_file_descriptor (on a plain thread
// that waits, not before the other end moves: nothing wakes a thread that waits for a pipe); (2)
// descriptors are close-on-exec and do not block; (3) writing when nobody can read is an error,
// never SIGPIPE.
#pragma once

#include <heddle/io/detail/socket_handle.hpp>
#include <heddle/io/stream.hpp>

#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

namespace heddle::io {

/// The end that bytes come out of. Move-only. Default-constructed or moved from, it is closed.
class pipe_reader : public detail::source_calls<pipe_reader> {
 public:
  pipe_reader() noexcept = default;

  /// Takes over `fd`: it is made non-blocking, for all who have it, and closed in the end, also if
  /// this throws. Errors: io_error if it is none; std::bad_alloc.
  static pipe_reader adopt(int fd);

  using source_calls::read_some;
  /// Reads what there is, at least one byte. Returns: how many; 0: nobody can write any more, or
  /// `into` is empty. Errors: io_error. Suspends: while the pipe is empty, cancel-safe. Cost: a
  /// read.
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);

  /// Closes; calls under way in other fibers end with operation_canceled. A second call does
  /// nothing. Suspends: no.
  void close() noexcept;
  bool is_open() const noexcept;
  /// Returns the descriptor; -1 if closed. It stays the pipe's.
  int native_handle() const noexcept;
  const char* name() const noexcept { return "a pipe"; }

 private:
  explicit pipe_reader(detail::socket_handle end) noexcept : end_(std::move(end)) {}
  friend struct pipe_ends make_pipe();

  detail::socket_handle end_;
};

/// The end that bytes go into. Move-only. Default-constructed or moved from, it is closed.
class pipe_writer : public detail::sink_calls<pipe_writer> {
 public:
  pipe_writer() noexcept = default;

  /// As pipe_reader::adopt().
  static pipe_writer adopt(int fd);

  using sink_calls::write_some;
  /// Writes what the pipe takes, at least one byte unless `from` is empty. Returns: how many.
  /// Errors: io_error (broken_pipe when nobody can read any more). Suspends: while the pipe is
  /// full, cancel-safe. Cost: a write and, for SIGPIPE, a call of pthread_sigmask; on a plain
  /// thread that does not block that signal two.
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error);

  /// As pipe_reader's.
  void close() noexcept;
  bool is_open() const noexcept;
  int native_handle() const noexcept;
  const char* name() const noexcept { return "a pipe"; }

 private:
  explicit pipe_writer(detail::socket_handle end) noexcept : end_(std::move(end)) {}
  friend struct pipe_ends make_pipe();

  detail::socket_handle end_;
};

struct pipe_ends {
  pipe_reader reader;
  pipe_writer writer;
};

/// Makes a pipe. Errors: io_error (too_many_files_open, ...); std::bad_alloc. Suspends: no.
pipe_ends make_pipe();

}  // namespace heddle::io
