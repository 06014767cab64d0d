// SPDX-License-Identifier: MIT
// An HTTP/1.1 server: patterns of paths and their handlers, served on as many listeners as you
// like.
// Invariants: (1) a connection is a fiber, and its requests are handled one after another; those of
// different connections overlap, on several threads; (2) what can be understood in two ways is
// refused with 400 and the connection ends; (3) nothing that a client does makes the server hold
// more than the limits in server_config; (4) every request whose handler began is answered, also
// while serve() ends. Source: RFC 9110, RFC 9112.
#pragma once

#include <heddle/http/request.hpp>
#include <heddle/http/response.hpp>
#include <heddle/http/server_config.hpp>
#include <heddle/http/streaming.hpp>
#include <heddle/http/websocket.hpp>
#include <heddle/io/drain_stop.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime/error.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace heddle::tls {
class listener;
}

namespace heddle::http {

namespace detail {
class server_core;
}

/// What a server has done since it was made.
struct server_stats {
  std::uint64_t connections = 0;   ///< accepted
  std::uint64_t requests = 0;      ///< whose head was taken
  std::uint64_t failures = 0;      ///< handlers that threw, not because of their client
  std::uint64_t idle_closed = 0;   ///< connections that waited too long for their next request
  std::uint64_t broken = 0;        ///< connections whose client left in the middle of something
  std::uint64_t write_stalls = 0;  ///< connections whose client took nothing for too long
};

class server {
 public:
  /// A handler may wait, throw a status_error, and run on any loop. It is called by several fibers
  /// at once.
  using handler = std::function<response(const request&)>;
  using stream_handler = std::function<void(request_reader&, response_writer&)>;
  using websocket_handler = std::function<void(http::websocket&, const request&)>;

  /// Errors: std::invalid_argument that names the limit.
  explicit server(server_config config = {});
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Has requests for `pattern` go to `handle`. Shape: segments of text, `{name}` for one segment,
  /// and at the end `{name...}` for all the rest: "/users/{id}", "/files/{path...}". Text goes
  /// before names. Errors: std::invalid_argument that quotes the pattern (malformed, it has the
  /// method already, or no handler was given); std::logic_error once serve() has been called.
  server& route(std::string_view method, std::string_view pattern, handler handle);
  server& get(std::string_view pattern, handler handle);
  server& post(std::string_view pattern, handler handle);
  server& put(std::string_view pattern, handler handle);
  server& del(std::string_view pattern, handler handle);

  /// As route(), for bodies that are read and written in pieces.
  server& stream(std::string_view method, std::string_view pattern, stream_handler handle);

  /// Serves the files below `folder` to GET and HEAD, with ranges. Shape: `pattern` ends with
  /// `{name...}`. What lies outside of the folder, also by a symbolic link, and what begins with a
  /// dot, is 404. Errors: as route().
  server& files(std::string_view pattern, std::string folder);

  /// Has requests for a WebSocket at `pattern` answered, and the connection handed to `handle`,
  /// which has it until it returns; then it is closed with close_code::normal, or internal_error if
  /// it threw. So a websocket that was moved to where it lives on is closed then, too: what
  /// is sent or received later fails with std::errc::operation_canceled. When serve() is to end,
  /// the handler is cancelled, and the client told close_code::going_away. Other requests for
  /// `pattern` get 400 or 426. Errors: as route(), and std::invalid_argument that names the field
  /// of `config`.
  server& websocket(std::string_view pattern, websocket_handler handle,
                    websocket_config config = {});
  server& websocket(std::string_view pattern, std::function<void(http::websocket&)> handle,
                    websocket_config config = {});

  /// Serves until the listener is closed or the caller is cancelled. Then nobody is accepted,
  /// requests under way are answered, with `Connection: close`, connections that wait are closed,
  /// and what has not ended within config.drain, or when `cut_short` says so, is cancelled. Several
  /// calls may run at once. Errors: as io::serve(). Suspends: yes.
  void serve(io::tcp_listener& listener, io::drain_stop* cut_short = nullptr,
             spawn_site where = spawn_site::current());
  /// As above, over TLS: each connection's handshake is the first that its fiber does.
  void serve(tls::listener& listener, io::drain_stop* cut_short = nullptr,
             spawn_site where = spawn_site::current());
  /// As above, on several listeners: io::bind_each() makes them, one for each loop.
  void serve(std::span<io::tcp_listener> listeners, io::drain_stop* cut_short = nullptr,
             spawn_site where = spawn_site::current());

  server_stats stats() const noexcept;
  /// Returns how many requests were refused with `status`, 400..599, without a handler.
  std::uint64_t refused(int status) const noexcept;

 private:
  std::unique_ptr<detail::server_core> core_;
};

}  // namespace heddle::http
