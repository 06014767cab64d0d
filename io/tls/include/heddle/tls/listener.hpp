// SPDX-License-Identifier: MIT
// Accepting TLS connections, and a server's outermost loop, as io's.
// Invariants: (1) accept() makes no handshake, so that a slow client holds up nobody: that is the
// first thing that its stream does; (2) serve() keeps what io::serve() promises.
#pragma once

#include <heddle/io/serve.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/tls/config.hpp>
#include <heddle/tls/stream.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace heddle::tls {

class listener;

namespace detail {
/// A handler of any type, borrowed.
struct handler_ref {
  void* object;
  void (*call)(void* object, stream& over);
};

io::tcp_listener& listener_under(listener& from) noexcept;
void serve_one(io::tcp_stream newcomer, const server_config& config, handler_ref handler);

template <class Handler>
void call_handler(void* object, stream& over) {
  Handler& handler = *static_cast<Handler*>(object);
  if constexpr (std::is_invocable_v<Handler&, stream&>) {
    std::invoke(handler, over);
  } else {
    std::invoke(handler, std::move(over));
  }
}
}  // namespace detail

/// A socket that accepts TLS streams. Move-only.
class listener {
 public:
  listener(io::tcp_listener over, server_config config)
      : over_(std::move(over)), config_(std::move(config)) {}

  /// Takes the next newcomer. Returns: a stream whose handshake is still to be done. Errors,
  /// Suspends: as io::tcp_listener::accept().
  stream accept();
  stream accept(std::error_code& error);

  io::endpoint local_endpoint() const { return over_.local_endpoint(); }
  /// Returns how many newcomers were closed at once for want of descriptors or memory.
  std::uint64_t refused() const noexcept { return over_.refused(); }
  /// Stops listening, as io::tcp_listener::close().
  void close() noexcept { over_.close(); }
  bool is_open() const noexcept { return over_.is_open(); }

  /// Returns the config, which shares reload() with the listener.
  const server_config& config() const noexcept { return config_; }

 private:
  friend io::tcp_listener& detail::listener_under(listener& from) noexcept;

  io::tcp_listener over_;
  server_config config_;
};

/// As io::serve(): calls `handler(stream&)`, or `handler(stream)`, in a new fiber for each
/// connection, once its handshake is done. One whose handshake fails never reaches the handler; it
/// is counted and told to server_options::on_handshake_failure. When the handler returns, and has
/// not moved or closed the stream, the peer is told that this is the end; it has goodbye_timeout to
/// take that.
template <class Handler>
void serve(listener& from, Handler&& handler, const io::serve_options& options = {},
           spawn_site where = spawn_site::current()) {
  using plain = std::remove_reference_t<Handler>;
  static_assert(std::is_invocable_v<plain&, stream&> || std::is_invocable_v<plain&, stream>,
                "a handler takes a heddle::tls::stream");
  if constexpr (std::is_function_v<plain>) {
    serve(from, &handler, options, where);
  } else {
    void* object = const_cast<void*>(static_cast<const void*>(std::addressof(handler)));
    const detail::handler_ref borrowed{object, &detail::call_handler<plain>};
    const auto one = [&config = from.config(), borrowed](io::tcp_stream newcomer) {
      detail::serve_one(std::move(newcomer), config, borrowed);
    };
    io::serve(detail::listener_under(from), one, options, where);
  }
}

}  // namespace heddle::tls
