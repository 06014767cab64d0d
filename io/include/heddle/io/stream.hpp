// SPDX-License-Identifier: MIT
// What the streams of heddle have in common: the calls that buffers, copy() and protocols are
// written on, so that they serve TCP, UNIX sockets, pipes, files, TLS, and types of the user's.
// Invariants of a stream: (1) read_some returns at least one byte, or 0 at the end, or sets
// `error`; (2) write_some takes at least one byte of what is not empty, or sets `error`; (3) a call
// that is cancelled, or that reports an error, has transferred nothing.
#pragma once

#include <heddle/io/error.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>

namespace heddle::io {

/// What bytes can be read from.
template <class Stream>
concept byte_source = requires(Stream& from, std::span<std::byte> into, std::error_code& error) {
  { from.read_some(into, error) } -> std::same_as<std::size_t>;
};

/// What bytes can be written to.
template <class Stream>
concept byte_sink = requires(Stream& to, std::span<const std::byte> from, std::error_code& error) {
  { to.write_some(from, error) } -> std::same_as<std::size_t>;
};

namespace detail {

/// Throws the io_error that names `stream`: its own, if it has a raise(); else one with its
/// peer_endpoint(), or its name(), if it has one.
template <class Stream>
[[noreturn]] void fail(const Stream& stream, const std::error_code& error,
                       std::string_view operation) {
  if constexpr (requires { stream.raise(error, operation); }) {
    stream.raise(error, operation);
  } else if constexpr (requires { stream.peer_endpoint(); }) {
    throw io_error(error, operation, stream.peer_endpoint());
  } else if constexpr (requires { stream.name(); }) {
    throw io_error(error, operation, no_endpoint{stream.name()});
  } else {
    throw io_error(error, operation, no_endpoint{"a stream"});
  }
}

/// A stream of any type, borrowed, to read from.
struct source_ref {
  void* stream;
  std::size_t (*read)(void* stream, std::span<std::byte> into, std::error_code& error);
  void (*fail)(const void* stream, const std::error_code& error, std::string_view operation);

  template <byte_source Stream>
  static source_ref to(Stream& stream) noexcept {
    return {&stream,
            [](void* from, std::span<std::byte> into, std::error_code& error) {
              return static_cast<Stream*>(from)->read_some(into, error);
            },
            [](const void* from, const std::error_code& error, std::string_view operation) {
              detail::fail(*static_cast<const Stream*>(from), error, operation);
            }};
  }
};

/// A stream of any type, borrowed, to write to.
struct sink_ref {
  void* stream;
  std::size_t (*write)(void* stream, std::span<const std::byte> from, std::error_code& error);
  void (*fail)(const void* stream, const std::error_code& error, std::string_view operation);

  template <byte_sink Stream>
  static sink_ref to(Stream& stream) noexcept {
    return {&stream,
            [](void* into, std::span<const std::byte> from, std::error_code& error) {
              return static_cast<Stream*>(into)->write_some(from, error);
            },
            [](const void* into, const std::error_code& error, std::string_view operation) {
              detail::fail(*static_cast<const Stream*>(into), error, operation);
            }};
  }
};

/// Read until `into` is full, or write all of `from`; return how many bytes it were.
std::size_t read_exactly(source_ref stream, std::span<std::byte> into, std::error_code& error);
std::size_t write_all(sink_ref stream, std::span<const std::byte> from, std::error_code& error);

/// What a byte_source of heddle has besides read_some(into, error).
template <class Stream>
class source_calls {
 public:
  /// As the twin with a trailing std::error_code&. Errors: io_error.
  std::size_t read_some(std::span<std::byte> into) {
    std::error_code error;
    const std::size_t bytes = self().read_some(into, error);
    if (error) fail(self(), error, "read from");
    return bytes;
  }

  /// Reads until `into` is full. Errors: io_error; io_errc::unexpected_end if the stream ends
  /// first. Returns (twin): how many bytes were read. Suspends: yes; not cancel-safe: bytes are
  /// lost.
  std::size_t read_exactly(std::span<std::byte> into, std::error_code& error) {
    return detail::read_exactly(source_ref::to(self()), into, error);
  }
  void read_exactly(std::span<std::byte> into) {
    std::error_code error;
    read_exactly(into, error);
    if (error) fail(self(), error, "read from");
  }

 private:
  friend Stream;
  source_calls() = default;
  Stream& self() noexcept { return static_cast<Stream&>(*this); }
};

/// What a byte_sink of heddle has besides write_some(from, error).
template <class Stream>
class sink_calls {
 public:
  /// As the twin with a trailing std::error_code&. Errors: io_error.
  std::size_t write_some(std::span<const std::byte> from) {
    std::error_code error;
    const std::size_t bytes = self().write_some(from, error);
    if (error) fail(self(), error, "write to");
    return bytes;
  }

  /// Writes all of `from`. Errors: io_error. Returns (twin): how many bytes were written.
  /// Suspends: yes; not cancel-safe: how much was written is then unknown.
  std::size_t write_all(std::span<const std::byte> from, std::error_code& error) {
    return detail::write_all(sink_ref::to(self()), from, error);
  }
  void write_all(std::span<const std::byte> from) {
    std::error_code error;
    write_all(from, error);
    if (error) fail(self(), error, "write to");
  }

 private:
  friend Stream;
  sink_calls() = default;
  Stream& self() noexcept { return static_cast<Stream&>(*this); }
};

}  // namespace detail

}  // namespace heddle::io
