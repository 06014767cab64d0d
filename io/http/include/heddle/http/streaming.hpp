// SPDX-License-Identifier: MIT
// Bodies of any size: read as they come, written as they are made. Who reads or writes waits for
// the other end, so nothing piles up.
#pragma once

#include <heddle/http/error.hpp>
#include <heddle/http/fields.hpp>
#include <heddle/http/request.hpp>
#include <heddle/io/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace heddle::http {

namespace detail {
class incoming;
class outgoing;
}  // namespace detail

/// A request whose body the handler reads. It is a byte_source (io/stream.hpp). A client that waits
/// to be told so before it sends (Expect: 100-continue) is told at the first read, unless the
/// answer has begun.
class request_reader : public request, public io::detail::source_calls<request_reader> {
 public:
  using source_calls::read_some;

  /// Reads what there is, at least one byte. Returns: how many; 0 at the end of the body. Errors:
  /// http_errc; the stream's. What is not caught is answered with the status that fits (400, 408),
  /// if the answer has not begun. Suspends: yes, cancel-safe.
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);

  /// Reads all that is left. Shape: at most `most` bytes. Errors: as read_some();
  /// http_errc::body_too_large (413). Suspends: yes; not cancel-safe: bytes are lost.
  std::string read_all(std::size_t most);

  /// Returns the fields behind a chunked body that may be there. Shape: the body has been read to
  /// its end; before, and for other bodies: none.
  const std::vector<field_view>& trailer() const noexcept;

  const io::endpoint& peer_endpoint() const noexcept { return peer(); }

 private:
  friend class detail::incoming;
  request_reader(const detail::exchange& of, detail::incoming& body) noexcept
      : request(of), body_(&body) {}

  detail::incoming* body_;
};

/// An answer whose body the handler writes; meanwhile another of its fibers may read the request's.
/// It is a byte_sink (io/stream.hpp). The head is sent with the first bytes of the body, so status
/// and fields come before; a handler that returns has ended its body. To a HEAD the head is sent as
/// soon as the body begins; nothing of the body is, and the handler is cancelled, at its next
/// suspension point or write.
class response_writer : public io::detail::sink_calls<response_writer> {
 public:
  using sink_calls::write_some;
  response_writer(const response_writer&) = delete;
  response_writer& operator=(const response_writer&) = delete;

  /// Errors: std::invalid_argument, as response; std::logic_error once the head has been sent.
  response_writer& status(int status);
  response_writer& set(std::string_view name, std::string_view value);
  response_writer& add(std::string_view name, std::string_view value);

  /// Says how long the body will be. Without it the body is chunked, or, for a client of HTTP/1.0,
  /// ends with the connection. Writing more is a std::logic_error; less breaks the connection off.
  response_writer& content_length(std::uint64_t bytes);

  /// Writes all of `text`; small pieces are gathered until they are worth sending. Errors:
  /// io::io_error: http_errc::too_slow if the client took nothing for server_config::write_timeout;
  /// the stream's. Suspends: while the client does not take it; cancelled, the answer breaks off.
  void write(std::string_view text);

  /// Writes some of `from`, at least one byte. Otherwise as write().
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error);

  /// Sends what has been gathered.
  void flush();

  /// Sends a field behind a chunked body; left out where the body is not chunked. Errors:
  /// std::invalid_argument that names it, also for fields that say how to read the body or whose
  /// it is, such as Content-Type. Suspends: no.
  void trailer(std::string_view name, std::string_view value);

  /// Returns whether the head has been sent, or gathered.
  bool begun() const noexcept;

  const io::endpoint& peer_endpoint() const noexcept;

 private:
  friend class detail::outgoing;
  explicit response_writer(detail::outgoing& answer) noexcept : answer_(&answer) {}

  detail::outgoing* answer_;
};

}  // namespace heddle::http
