// SPDX-License-Identifier: MIT
// Every limit of an HTTP server, and its hooks.
// What a limit is exceeded by gets the answer named beside it, then the connection ends, politely:
// what the client still sends is read for a moment, so that it sees the answer. Each refusal is
// counted: server::stats().
#pragma once

#include <heddle/io/endpoint.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string_view>

namespace heddle::http {

/// What is told of a request that has been answered. Views are valid during the call.
struct access_record {
  io::endpoint peer = {};
  std::string_view method = {};
  std::string_view target = {};
  int status = 0;
  std::uint64_t bytes_received = 0;  ///< of the body
  std::uint64_t bytes_sent = 0;      ///< of the connection, by this answer
  std::chrono::nanoseconds took{};   ///< from the head's end to the answer's
};

/// What is told of a handler that threw something else than a status_error.
struct handler_failure {
  io::endpoint peer = {};
  std::string_view method = {};
  std::string_view target = {};
  std::exception_ptr error = {};
};

struct server_config {
  /// Bytes. Request line: 414. All header lines: 431. Their number: 431. Body of a request that is
  /// read whole: 413 (handlers that read in pieces have no limit but their own).
  std::size_t request_line_bytes = 8 * 1024;
  std::size_t header_bytes = 64 * 1024;
  std::size_t header_fields = 100;
  std::size_t body_bytes = 1024 * 1024;

  /// Bytes of a chunked body: one size line; all extensions; the trailer: 400.
  std::size_t chunk_line_bytes = 256;
  std::size_t chunk_extension_bytes = 16 * 1024;
  std::size_t trailer_bytes = 16 * 1024;

  /// Most answers to pipelined requests that are gathered before they are sent.
  std::size_t pipelined = 16;

  /// How long a client has to send a head, from its first byte on, the first also from the
  /// connection's start on: 408. How long a connection may wait for its next request: closed.
  std::chrono::nanoseconds header_timeout = std::chrono::seconds{10};
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds{60};

  /// A body must come at this speed on average once `body_grace` is over: 408.
  std::chrono::nanoseconds body_grace = std::chrono::seconds{5};
  std::uint64_t body_bytes_per_second = 240;

  /// How long a client may take nothing of what is sent: aborted.
  std::chrono::nanoseconds write_timeout = std::chrono::seconds{30};

  /// Most connections at once, and how long they may go on once serve() is to end: as
  /// io::serve_options.
  std::size_t max_connections = 0;
  std::chrono::nanoseconds drain = std::chrono::seconds{30};

  /// Answers with text of at least this size are compressed (gzip) for clients that take it; 0:
  /// none are.
  std::size_t compress_from_bytes = 0;

  /// Called when a request has been answered, in the connection's fiber. Must not throw.
  std::function<void(const access_record&)> on_access = {};

  /// Called when a handler threw what is no status_error, nor what its connection had reported to
  /// it because the client has left or is too slow; the client gets 500, or, if the answer had
  /// begun, a connection that breaks. Must not throw. Default: one line on stderr.
  std::function<void(const handler_failure&)> on_failure = {};
};

}  // namespace heddle::http
