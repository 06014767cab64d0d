// SPDX-License-Identifier: MIT
// The connections of a client: who has which, and who waits. The protocol is in README.md.
// Invariants, under the lock: (1) the slots of an origin are its leases and its idle connections,
// connections_per_host at most, and all of them together `connections` at most; (2) nobody waits
// who could be served; (3) an origin without slots and waiters is forgotten. Nothing suspends under
// the lock, and connections are closed after it is released.
#pragma once

#include "client/pooled_connection.hpp"

#include <heddle/http/client_config.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace heddle::http::detail {

class pool;

/// A slot of an origin, with a connection in it or none. Gives both back when it ends. Move-only.
class lease {
 public:
  lease() noexcept = default;
  lease(lease&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)),
        origin_(std::move(other.origin_)),
        held_(std::move(other.held_)),
        keep_(std::exchange(other.keep_, false)) {}
  lease& operator=(lease&& other) noexcept {
    if (this != &other) {
      release();
      from_ = std::exchange(other.from_, nullptr);
      origin_ = std::move(other.origin_);
      held_ = std::move(other.held_);
      keep_ = std::exchange(other.keep_, false);
    }
    return *this;
  }
  ~lease() { release(); }

  /// Returns the connection; null if there is none yet.
  pooled_connection* connection() const noexcept { return held_.get(); }
  /// Puts a connection in the place of what was there, which is closed.
  void set(std::unique_ptr<pooled_connection> made) noexcept { held_ = std::move(made); }

  /// Says that the connection may be used again.
  void keep() noexcept { keep_ = true; }

  /// Gives it back now. Suspends: no.
  void release() noexcept;

 private:
  friend class pool;
  lease(pool* from, std::string origin, std::unique_ptr<pooled_connection> held) noexcept
      : from_(from), origin_(std::move(origin)), held_(std::move(held)) {}

  pool* from_ = nullptr;
  std::string origin_;
  std::unique_ptr<pooled_connection> held_;
  bool keep_ = false;
};

class pool {
 public:
  enum class outcome : std::uint8_t { granted, timed_out, closed };

  struct numbers {
    std::size_t open = 0;
    std::size_t idle = 0;
    std::size_t waiting = 0;
  };

  explicit pool(const client_config& config) noexcept : config_(config) {}
  ~pool() { close(); }
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// Takes a slot of `origin`, with a connection if one is idle, waiting in FIFO order. Errors:
  /// `cancelled`, nothing taken. Suspends: yes, cancel-safe.
  outcome acquire(const std::string& origin, deadline limit, lease& into);

  /// Closes what is idle, and ends all waits. Suspends: no.
  void close() noexcept;

  numbers count() const;

 private:
  friend class lease;
  using connection = std::unique_ptr<pooled_connection>;
  using connections = std::vector<connection>;

  struct host {
    std::list<connection> idle;  // the one used last at the end
    std::size_t slots = 0;
    std::size_t waiting = 0;
  };
  struct queued {
    const std::string& origin;
    waiter self;
    connection granted = {};
    bool has_slot = false;
  };

  bool take(const std::string& origin, host& from, connection& into, connections& doomed);
  bool take_idle(host& from, connection& into, connections& doomed);
  bool make_room(const std::string& origin, connections& doomed);
  void give_up_slot(host& of) noexcept;
  void forget_if_empty(const std::string& origin) noexcept;
  void serve(resumption_list& woken, connections& doomed);
  void give_back(const std::string& origin, connection held, bool keep) noexcept;
  void end_idle(connections& doomed);
  bool expired(const pooled_connection& idle) const noexcept;

  const client_config& config_;
  mutable std::mutex guard_;
  std::unordered_map<std::string, host> hosts_;
  std::list<queued*> queue_;
  std::size_t slots_ = 0;
  std::size_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace heddle::http::detail
