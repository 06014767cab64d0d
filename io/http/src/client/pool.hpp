// SPDX-License-Identifier: MIT
// The connections of a client: who has which, and who waits. The protocol is in README.md.
// Invariants, under the lock: (1) the slots of an origin are its leases and its idle connections,
// connections_per_host at most, and all of them together `connections` at most; (2) nobody waits
// who could be served; (3) an origin without slots and waiters is forgotten, with the next call at
// the latest. Nothing suspends under the lock, and connections are asked whether they live, and
// closed, without it; (4) what is given back is given back: what cannot be had on that way is done
// without.
#pragma once

#include "client/pooled_connection.hpp"

#include <heddle/http/client_config.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/task.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace heddle::http::detail {

class pool;

/// A connection or null in each node: nodes move from list to list, so that giving back, which
/// must not fail, allocates nothing.
using connection_list = std::list<std::unique_ptr<pooled_connection>>;

struct pool_host {
  connection_list idle;  // the one used last at the end
  std::size_t slots = 0;
  std::size_t waiting = 0;
};

/// An origin, by its name. It stays where it is as long as it has slots or waiters.
using pool_origin = std::pair<const std::string, pool_host>;

/// A slot of an origin, with a connection in it or none. Gives both back when it ends. Move-only.
class lease {
 public:
  lease() noexcept = default;
  lease(lease&& other) noexcept { *this = std::move(other); }
  lease& operator=(lease&& other) noexcept {
    if (this != &other) {
      release();
      from_ = std::exchange(other.from_, nullptr);
      origin_ = other.origin_;
      held_ = std::move(other.held_);
      keep_ = std::exchange(other.keep_, false);
    }
    return *this;
  }
  ~lease() { release(); }

  /// Returns the connection; null if there is none yet.
  pooled_connection* connection() const noexcept {
    return from_ == nullptr ? nullptr : held_.front().get();
  }
  /// Puts a connection in the place of what was there, which is closed. Shape: it has a slot.
  void set(std::unique_ptr<pooled_connection> made) noexcept { held_.front() = std::move(made); }

  /// Says that the connection may be used again.
  void keep() noexcept { keep_ = true; }

  /// Gives it back now. Suspends: shielded, if connections are closed, and for the end of a fiber
  /// that has nothing more to do.
  void release() noexcept;

 private:
  friend class pool;
  lease(pool* from, pool_origin& origin, connection_list held) noexcept
      : from_(from), origin_(&origin), held_(std::move(held)) {}

  pool* from_ = nullptr;
  pool_origin* origin_ = nullptr;
  connection_list held_;  // one node, if there is a slot
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

  struct queued {
    pool_origin& origin;
    waiter self;
    connection_list place;  // one node: what is granted is put in it
  };

  struct wish {
    pool_origin& origin;
    deadline limit;
    connection_list& place;
    connection_list& doomed;
  };

  outcome wait_for_slot(std::unique_lock<std::mutex>& lock, const wish& wanted);
  bool take(pool_origin& origin, connection_list& place, connection_list& doomed) noexcept;
  bool take_idle(pool_host& from, connection_list& place, connection_list& doomed) noexcept;
  bool make_room(const pool_origin* except, connection_list& doomed) noexcept;
  void give_up_slot(pool_host& of) noexcept;
  void forget_if_empty(const pool_origin& origin) noexcept;
  void serve(resumption_list& woken, connection_list& doomed) noexcept;
  void give_back(pool_origin& origin, connection_list held, bool keep) noexcept;
  void drop_dead(lease& of);
  void end_idle(connection_list& doomed) noexcept;
  task<void> watch_idle() noexcept;
  void close_what_expires();
  std::optional<clock::time_point> oldest_idle() const noexcept;
  bool expired(const pooled_connection& idle) const noexcept;

  const client_config& config_;
  mutable std::mutex guard_;
  std::unordered_map<std::string, pool_host> hosts_;
  std::list<queued*> queue_;
  std::size_t slots_ = 0;
  std::size_t idle_ = 0;
  bool closed_ = false;
  bool watching_ = false;
  task<void> watcher_;  // the last: it ends before what it uses
};

}  // namespace heddle::http::detail
