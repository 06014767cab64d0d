// SPDX-License-Identifier: MIT
// What all connections of a server share: its configuration, its routes, its counters.
// Invariant: routes and configuration do not change once a connection reads them.
#pragma once

#include "server/counter.hpp"
#include "server/router.hpp"

#include <heddle/http/server.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <variant>

namespace heddle::http::detail {

/// A folder whose files are served.
struct file_folder {
  std::string path;
  std::string parameter;  // of the pattern: the file's name
};

/// Who talks over a WebSocket.
struct websocket_route {
  server::websocket_handler handle;
  websocket_config config;
};

/// Whether a handler is one that waits, as far as its last calls tell. Answers to pipelined
/// requests are gathered, and sent together; but not while a handler waits.
class patience {
 public:
  bool expects_to_wait() const noexcept { return left_.load(std::memory_order_relaxed) > 0; }

  /// Notes how long a call took. Calls at the same time may count as one: it is a guess.
  void took(std::chrono::nanoseconds time) noexcept {
    const int left = left_.load(std::memory_order_relaxed);
    if (time > long_time) {
      left_.store(calls_remembered, std::memory_order_relaxed);
    } else if (left > 0) {
      left_.store(left - 1, std::memory_order_relaxed);
    }
  }

 private:
  static constexpr std::chrono::microseconds long_time{200};
  static constexpr int calls_remembered = 100;
  std::atomic<int> left_{0};
};

class server_core {
 public:
  using handler =
      std::variant<server::handler, server::stream_handler, file_folder, websocket_route>;

  struct route {
    explicit route(handler own) : handle(std::move(own)) {}
    const handler handle;
    patience habit;
  };

  /// Errors: std::invalid_argument.
  explicit server_core(server_config settings);

  /// Errors: std::invalid_argument, std::logic_error.
  void add(std::string_view method, std::string_view pattern, handler handle);

  const server_config& config() const noexcept { return config_; }
  const router& routes() const noexcept { return routes_; }
  route& route_of(std::size_t number) noexcept { return handlers_[number]; }

  /// From here on routes stay as they are.
  void begin_serving() noexcept;

  void report(const handler_failure& failure) const;
  void refused(int status) noexcept;
  std::uint64_t refusals(int status) const noexcept;

  counter connections;
  spread_counter requests;
  counter failures;
  counter idle_closed;
  counter broken;
  counter write_stalls;

 private:
  const server_config config_;
  router routes_;
  std::deque<route> handlers_;  // which do not move
  std::atomic<bool> serving_{false};
  std::array<counter, 200> refused_;  // by status - 400
};

}  // namespace heddle::http::detail
