// SPDX-License-Identifier: MIT
// serve(): an acceptor task for each listener spawns connection tasks; the caller's own fiber
// supervises them. An acceptor is a task of its own because somebody must join a connection that
// failed, so that its error is reported at once, while the acceptor waits for the next newcomer. It
// is not pinned: if its loop is busy, another one harvests its event and takes it, so that no
// backlog waits for a slow handler.
#include <heddle/io/serve.hpp>

#include "net/connection_set.hpp"
#include "net/listening.hpp"
#include "net/socket.hpp"

#include <heddle/runtime/park.hpp>
#include <heddle/runtime/runtime.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

class stop_hook final : public drain_stop::listener {
 public:
  explicit stop_hook(connection_set& set) noexcept : set_(set) {}
  void drain_stopped() noexcept override { set_.hurry(); }

 private:
  connection_set& set_;
};

class server {
 public:
  server(std::span<tcp_listener> listeners, handler_ref handler, const serve_options& options,
         spawn_site where)
      : listeners_(listeners),
        handler_(handler),
        drain_(options.drain),
        on_stop_(options.on_stop),
        cut_short_(options.cut_short),
        where_(where),
        loops_(runtime::current().settings().loops),
        connections_(limit_of(options)) {}

  void run() {
    std::vector<task<void>> acceptors;
    std::exception_ptr failed = start_acceptors(acceptors);
    const bool stopped = !failed && !connections_.supervise();
    stopping_.store(true, std::memory_order_relaxed);
    for (task<void>& each : acceptors) each.cancel();
    // What waits in the backlog is refused from here on; what was accepted is served to its end.
    for (tcp_listener& each : listeners_) each.close();
    connections_.wait_for_acceptors();
    if (on_stop_) on_stop_();
    if (!drained()) {
      connections_.cancel_all();
      while (!connections_.wait_for_all({}))
        continue;  // false: somebody hurried at the last moment
    }
    connections_.reap();
    throw_if_cancelled();
    if (stopped) return;
    rethrow(acceptors, failed);
  }

 private:
  struct accept_body {
    accept_body(server* of, std::size_t number) noexcept : owner(of), nth(number) {}
    accept_body(accept_body&& other) noexcept
        : owner(std::exchange(other.owner, nullptr)), nth(other.nth) {}
    accept_body& operator=(accept_body&&) = delete;
    ~accept_body() {
      if (owner != nullptr) owner->connections_.accepting_ended();
    }
    void operator()() const { owner->accept_all(nth); }

    server* owner;
    std::size_t nth;
  };

  /// Returns whether all have ended by themselves.
  bool drained() {
    const deadline limit = deadline::after(drain_);
    if (cut_short_ == nullptr) return connections_.wait_for_all(limit);
    stop_hook hook(connections_);
    cut_short_->add(hook);
    const bool all = connections_.wait_for_all(limit);
    cut_short_->remove(hook);
    return all;
  }

  /// Returns why not all could be started; what was started goes on.
  std::exception_ptr start_acceptors(std::vector<task<void>>& acceptors) {
    try {
      acceptors.reserve(listeners_.size());
      for (std::size_t n = 0; n < listeners_.size(); ++n) {
        const std::string name = "accept at " + listeners_[n].local_endpoint().to_string();
        spawn_options options{.name = name};
        if (listeners_.size() > 1) options.loop = static_cast<unsigned>(n % loops_);
        connections_.accepting_begins();
        acceptors.push_back(spawn(options, accept_body(this, n), where_));
      }
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  void rethrow(std::vector<task<void>>& acceptors, std::exception_ptr failed) const {
    for (task<void>& each : acceptors) {
      try {
        each.join();
      } catch (const task_cancelled&) {
        continue;  // by run(), or with the runtime: below
      } catch (...) {
        if (!failed) failed = std::current_exception();
      }
    }
    if (failed) std::rethrow_exception(failed);
    // Not by run(): the runtime is ending, and with it the caller.
    if (ended_with_runtime_.load(std::memory_order_relaxed)) throw cancelled{};
  }

  void accept_all(std::size_t nth) {
    try {
      if (listeners_.size() > 1) settle(nth);
      while (accept_one(nth)) continue;
    } catch (const cancelled&) {
      if (!stopping_.load(std::memory_order_relaxed)) {
        ended_with_runtime_.store(true, std::memory_order_relaxed);
      }
      throw;
    }
  }

  /// Has the listener watched by its own loop: a descriptor stays with the loop of its first wait,
  /// and an acceptor that was stolen before that would leave one loop with two of them.
  void settle(std::size_t nth) {
    const socket_use use(listener_access::handle(listeners_[nth]));
    if (!use) return;
    const auto watch_here = [&use] {
      constexpr auto read = readiness::direction::read;
      use->watched().drained(read, use->watched().look(read));  // the first wait looks again
      static_cast<void>(use->wait(read, clock::now()));
    };
    spawn({.name = "settle a listener", .pinned = true, .loop = loop_for(nth)}, watch_here).join();
  }

  /// Returns: false if the listener was closed.
  bool accept_one(std::size_t nth) {
    tcp_listener& listener = listeners_[nth];
    const socket_use use(listener_access::handle(listener));
    if (!use) return false;
    auto& record = static_cast<listening&>(*use);
    try {
      std::error_code error;
      {
        // Room is taken for a moment only: an acceptor to whom nobody comes keeps it from none.
        connection_set::room room = connections_.wait_for_room();
        cooperate();
        tcp_stream newcomer = listener_access::stream(record.try_accept(error));
        if (newcomer.is_open()) {
          start(std::move(newcomer), std::move(room), nth);
          return true;
        }
      }
      if (!error) error = record.wait(readiness::direction::read);
      if (error && record.closed()) return false;
      if (error) throw io_error(error, "accept at", listener.local_endpoint());
      return true;
    } catch (const std::bad_alloc&) {
      // No memory for this newcomer: it is closed by now, and others will end.
    } catch (const resource_exhausted&) {
    }
    record.refused_for(std::make_error_code(std::errc::not_enough_memory));
    return true;
  }

  /// Connections of one listener are spread over the loops; of several each keeps to a loop.
  unsigned loop_for(std::size_t nth) noexcept {
    return listeners_.size() > 1 ? static_cast<unsigned>(nth % loops_) : next_loop_++ % loops_;
  }

  void start(tcp_stream newcomer, connection_set::room room, std::size_t nth) {
    const std::string name = newcomer.peer_endpoint().to_string();
    const auto at = connections_.reserve(std::move(room));
    try {
      const spawn_options options{.name = name, .loop = loop_for(nth)};
      connections_.adopt(at, spawn(options,
                                   connection_body{connection_set::token(connections_, at),
                                                   handler_, std::move(newcomer)},
                                   where_));
    } catch (...) {
      connections_.abandon(at);
      throw;
    }
  }

  const std::span<tcp_listener> listeners_;
  const handler_ref handler_;
  const std::chrono::nanoseconds drain_;
  const std::function<void()>& on_stop_;
  drain_stop* const cut_short_;
  const spawn_site where_;
  const unsigned loops_;
  unsigned next_loop_ = 0;  // of the one acceptor, if there is one
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ended_with_runtime_{false};
  connection_set connections_;
};

}  // namespace

void serve(std::span<tcp_listener> listeners, handler_ref handler, const serve_options& options,
           spawn_site where) {
  server(listeners, handler, options, where).run();
}

}  // namespace heddle::io::detail
