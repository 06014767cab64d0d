// SPDX-License-Identifier: MIT
// serve(): an acceptor task spawns connection tasks; the caller's own fiber supervises them. The
// acceptor is a task of its own because somebody must join a connection that failed, so that its
// error is reported at once, while the acceptor waits for the next newcomer.
#include <heddle/io/serve.hpp>

#include "net/connection_set.hpp"
#include "net/listening.hpp"
#include "net/socket.hpp"

#include <heddle/runtime/runtime.hpp>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include <sys/resource.h>

namespace heddle::io::detail {

namespace {

constexpr std::size_t most_by_default = 10000;

std::size_t limit_of(const serve_options& options) noexcept {
  if (options.max_connections != 0) return options.max_connections;
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return most_by_default;
  const auto share = static_cast<std::size_t>(0.8 * static_cast<double>(descriptors.rlim_cur));
  return std::clamp<std::size_t>(share, 1, most_by_default);
}

/// The closure of a connection's fiber. The stream is destroyed before the token says that it
/// ended.
struct connection_body {
  connection_set::token token;
  handler_ref handler;
  tcp_stream stream;

  void operator()() {
    handler.call(handler.object, std::move(stream));
    token.succeeded();
  }
};

class server {
 public:
  server(tcp_listener& listener, handler_ref handler, const serve_options& options,
         spawn_site where)
      : listener_(listener),
        handler_(handler),
        drain_(options.drain),
        where_(where),
        loops_(runtime::current().settings().loops),
        connections_(limit_of(options)) {}

  void run() {
    const std::string name = "accept at " + listener_.local_endpoint().to_string();
    task<void> acceptor = spawn({.name = name}, accept_body{this}, where_);
    const bool stopped = !connections_.supervise();
    if (stopped) acceptor.cancel();
    // What waits in the backlog is refused from here on; what was accepted is served to its end.
    listener_.close();
    connections_.wait_for_acceptor();
    if (!connections_.wait_for_all(deadline::after(drain_))) {
      connections_.cancel_all();
      connections_.wait_for_all({});
    }
    connections_.reap();
    throw_if_cancelled();
    if (!stopped) rethrow(acceptor);
  }

 private:
  struct accept_body {
    explicit accept_body(server* of) noexcept : owner(of) {}
    accept_body(accept_body&& other) noexcept : owner(std::exchange(other.owner, nullptr)) {}
    accept_body& operator=(accept_body&&) = delete;
    ~accept_body() {
      if (owner != nullptr) owner->connections_.accepting_ended();
    }
    void operator()() const { owner->accept_all(); }

    server* owner;
  };

  static void rethrow(task<void>& acceptor) {
    try {
      acceptor.join();
    } catch (const task_cancelled&) {
      throw cancelled{};  // not by run(): the runtime is ending, and with it the caller
    }
  }

  void accept_all() {
    do {
      connections_.wait_for_room();
    } while (accept_one());
  }

  /// Returns: false if the listener was closed.
  bool accept_one() {
    try {
      std::error_code error;
      tcp_stream newcomer = listener_.accept(error);
      if (error && !listener_.is_open()) return false;
      if (error) throw io_error(error, "accept at", listener_.local_endpoint());
      start(std::move(newcomer));
      return true;
    } catch (const std::bad_alloc&) {
      // No memory for this newcomer: it is closed by now, and others will end.
    } catch (const resource_exhausted&) {
    }
    listener_access::record(listener_).refused_for(
        std::make_error_code(std::errc::not_enough_memory));
    return true;
  }

  void start(tcp_stream newcomer) {
    const std::string name = newcomer.peer_endpoint().to_string();
    const auto at = connections_.reserve();
    try {
      const spawn_options options{.name = name, .loop = next_loop_++ % loops_};
      connections_.adopt(at, spawn(options,
                                   connection_body{connection_set::token(connections_, at),
                                                   handler_, std::move(newcomer)},
                                   where_));
    } catch (...) {
      connections_.abandon(at);
      throw;
    }
  }

  tcp_listener& listener_;
  const handler_ref handler_;
  const std::chrono::nanoseconds drain_;
  const spawn_site where_;
  const unsigned loops_;
  unsigned next_loop_ = 0;
  connection_set connections_;
};

}  // namespace

void serve(tcp_listener& listener, handler_ref handler, const serve_options& options,
           spawn_site where) {
  server(listener, handler, options, where).run();
}

}  // namespace heddle::io::detail
