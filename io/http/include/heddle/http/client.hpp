// SPDX-License-Identifier: MIT
// An HTTP/1.1 client: connections are kept and shared, redirects followed, and every wait ends.
// Invariants: (1) a client is used by any number of fibers on any loops at once; (2) nothing that a
// server does makes it hold more than the limits in client_config; (3) a connection whose response
// did not end as it said, or has more behind it, is never used again; (4) a request is sent twice
// only if its connection had died before a byte of the response came, its method is idempotent,
// and its body can be sent again; (5) over https nothing is sent before the server's certificate
// was verified. In fibers only. Not here: cookies. How connections are
// shared: src/client/README.md. Source: RFC 9110, RFC 9112.
#pragma once

#include <heddle/http/client_config.hpp>
#include <heddle/http/client_error.hpp>
#include <heddle/http/client_request.hpp>
#include <heddle/http/response.hpp>
#include <heddle/http/url.hpp>
#include <heddle/io/copy.hpp>
#include <heddle/io/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::http {

namespace detail {
class call;
class client_core;
}  // namespace detail

/// What a client has done since it was made, and has now.
struct client_stats {
  std::uint64_t requests = 0;     ///< begun, redirects not counted
  std::uint64_t connections = 0;  ///< made
  std::uint64_t retries = 0;      ///< requests sent again
  std::uint64_t redirects = 0;    ///< followed
  std::size_t open = 0;           ///< connections now, idle ones included
  std::size_t idle = 0;           ///< connections that wait for a request now
  std::size_t waiting = 0;        ///< requests that wait for a connection now
};

/// A response whose body is read in pieces. It is a byte_source (io/stream.hpp). Move-only. Dropped
/// before its body's end, it closes its connection; at the end it gives it back. Used by one fiber
/// at a time. May outlive the client. Moved from, it may only be destroyed or assigned to: all else
/// is a std::logic_error.
class client_response : public io::detail::source_calls<client_response> {
 public:
  using source_calls::read_some;
  client_response(client_response&&) noexcept;
  client_response& operator=(client_response&&) noexcept;
  ~client_response();

  int status() const;
  /// Returns all header fields as they came, but of a body that is inflated neither
  /// Content-Encoding nor Content-Length.
  const fields& header() const;
  /// Returns the fields that came behind the body, if it was chunked, without those that a trailer
  /// must not have; empty before its end has been read.
  const fields& trailer() const;
  /// Returns where it came from, after redirects.
  const url& where() const;

  /// Reads what there is, at least one byte, inflated if client_config::decompress says so.
  /// Returns: how many; 0 at the end of the body. Errors: http_errc, std::errc::timed_out, the
  /// stream's. Suspends: yes, cancel-safe.
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);

  /// Reads all that is left. Errors: http_error; more than `most` bytes: body_too_large. Suspends:
  /// yes; not cancel-safe: bytes are lost.
  std::string read_all(std::size_t most);

  /// Returns what errors call it: the URL.
  std::string name() const { return where().to_string(); }

 private:
  friend class detail::client_core;
  explicit client_response(std::unique_ptr<detail::call> under_way) noexcept;
  detail::call& under_way() const;

  std::unique_ptr<detail::call> call_;
};

class client {
 public:
  /// Errors: std::invalid_argument that names the limit.
  explicit client(const client_config& config = {});
  /// As close().
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Makes a request and reads the response whole. A status is no error, whatever it is. The
  /// response has no Content-Length and Transfer-Encoding: its body says how long it is. Errors:
  /// http_error; std::invalid_argument for the URL. Suspends: yes; cancelled, it leaves nothing
  /// behind, but the server may have done what was asked.
  response request(const client_request& asked);
  response get(std::string_view where) { return request(client_request("GET", where)); }
  response post(std::string_view where, std::string body,
                std::string_view type = "application/octet-stream") {
    return request(client_request("POST", where).set("Content-Type", type).body(std::move(body)));
  }

  /// Makes a request and returns once the header of the response is there; its body is read by the
  /// caller. Otherwise as request().
  client_response open(const client_request& asked);

  /// Makes a request and writes the body of the response to `sink`, whatever its status. Returns:
  /// the response without its body. Errors: as request(), and what the sink throws or reports, as
  /// io_error.
  template <io::byte_sink Sink>
  response stream(const client_request& asked, Sink& sink) {
    client_response from = open(asked);
    io::copy(from, sink);
    return without_body(from);
  }

  /// Closes idle connections, ends waits for connections, and has later requests fail with
  /// http_errc::client_closed. Requests under way go on. Suspends: no.
  void close() noexcept;

  client_stats stats() const;

 private:
  static response without_body(const client_response& from);

  std::shared_ptr<detail::client_core> core_;
};

}  // namespace heddle::http
