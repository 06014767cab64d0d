// SPDX-License-Identifier: MIT
// A server's outermost loop: accepts streams and runs a handler for each in a fiber of its own.
// Invariants: (1) structured: no handler, connection fiber or stream outlives serve(); (2) there
// are never more than max_connections at once: beyond it nobody is accepted until one has ended;
// (3) what a handler throws ends its own connection and nothing else.
#pragma once

#include <heddle/io/drain_stop.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime/error.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace heddle::io {

struct serve_options {
  /// Most connections at once, of all listeners. 0: the smaller of 10,000 and 0.8 times the soft
  /// limit on descriptors.
  std::size_t max_connections = 0;

  /// How long connections may take to end by themselves once serve() stops; then they are
  /// cancelled.
  std::chrono::nanoseconds drain = std::chrono::seconds{30};

  /// Called once when serve() accepts nobody any more, before it waits for the connections: to tell
  /// those that wait for work that there will be none. Must not throw or suspend.
  std::function<void()> on_stop = {};

  /// Ends the draining before its time. Null: nobody does. Outlives the call.
  drain_stop* cut_short = nullptr;
};

namespace detail {

/// A handler of any type, borrowed.
struct handler_ref {
  void* object;
  void (*call)(void* object, tcp_stream&& stream);
};

void serve(std::span<tcp_listener> listeners, handler_ref handler, const serve_options& options,
           spawn_site where);

template <class Handler>
void call_handler(void* object, tcp_stream&& stream) {
  Handler& handler = *static_cast<Handler*>(object);
  if constexpr (std::is_invocable_v<Handler&, tcp_stream>) {
    std::invoke(handler, std::move(stream));
  } else {
    std::invoke(handler, stream);
  }
}

template <class Handler>
void serve_all(std::span<tcp_listener> listeners, Handler& handler, const serve_options& options,
               spawn_site where) {
  static_assert(
      std::is_invocable_v<Handler&, tcp_stream> || std::is_invocable_v<Handler&, tcp_stream&>,
      "a handler takes a heddle::io::tcp_stream");
  if constexpr (std::is_function_v<Handler>) {
    auto* function = &handler;
    serve_all(listeners, function, options, where);
  } else {
    void* object = const_cast<void*>(static_cast<const void*>(std::addressof(handler)));
    serve(listeners, {object, &call_handler<Handler>}, options, where);
  }
}

}  // namespace detail

/// Accepts from `listener` and calls `handler(tcp_stream)`, or `handler(tcp_stream&)`, in a new
/// fiber for each connection, spread over the loops; calls overlap, on several threads. The fiber
/// is named after the peer. When the handler returns, or throws, the stream closes if the handler
/// has not moved it elsewhere; what it threw goes to config::on_unhandled, once.
///
/// Ends when the listener is closed: waits for the connections, cancels those left when `drain` is
/// over, returns. Ends when the calling fiber is cancelled: closes the listener, so that new
/// clients are refused, waits in the same way although cancelled, then lets `cancelled` go on. A
/// handler that swallows its cancellation holds serve() up for as long as it runs.
///
/// Errors: io_error of accept(), after the connections have ended; shut_down; std::logic_error on a
/// plain thread. Suspends: yes. Cost: a spawn and a switch each connection.
template <class Handler>
void serve(tcp_listener& listener, Handler&& handler, const serve_options& options = {},
           spawn_site where = spawn_site::current()) {
  detail::serve_all(std::span<tcp_listener>(&listener, 1), handler, options, where);
}

/// Accepts from all of `listeners`, as tcp_listener::bind_each() makes them: the n-th is accepted
/// from on the n-th loop, where its connections start, too, so that accepting is spread as the
/// kernel spreads newcomers. A busy loop's acceptor is taken over by another one. max_connections
/// and drain are for all together; it ends, for all, when one of them is closed. Otherwise as
/// above. Shape: at least one listener, else it returns at once.
template <class Handler>
void serve(std::span<tcp_listener> listeners, Handler&& handler, const serve_options& options = {},
           spawn_site where = spawn_site::current()) {
  if (!listeners.empty()) detail::serve_all(listeners, handler, options, where);
}

}  // namespace heddle::io
