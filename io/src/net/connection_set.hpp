// SPDX-License-Identifier: MIT
// The connections that one serve() has under way, and who waits for them to become fewer.
// Invariants: (1) a connection is live from reserve() until its fiber's closure is destroyed,
// whether or not its body ever ran; then it has ended, until reap() has joined it; (2) connections
// that live, and rooms taken for newcomers, are never more than the limit; (3) acceptors and one
// supervisor, and nobody else, wait here; (4) nothing suspends under the lock; (5) once reap() has
// joined a connection, its fiber knows this object no more.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/task.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <utility>

namespace heddle::io::detail {

class connection_set {
 public:
  struct connection {
    task<void> handle;
    bool adopted = false;
    bool ended = false;
    bool failed = false;
  };
  using place = std::list<connection>::iterator;

  /// Says that a connection has ended, by being destroyed with the closure of its fiber.
  class token {
   public:
    token(connection_set& set, place at) noexcept : set_(&set), at_(at) {}
    token(token&& other) noexcept
        : set_(std::exchange(other.set_, nullptr)), at_(other.at_), failed_(other.failed_) {}
    token& operator=(token&&) = delete;
    ~token() {
      if (set_ != nullptr) set_->ended(at_, failed_);
    }

    /// Unless this is said, the connection counts as failed, and is joined at once to report why.
    void succeeded() noexcept { failed_ = false; }

   private:
    connection_set* set_;
    place at_;
    bool failed_ = true;
  };

  /// Leave for one more connection, until it is used by reserve() or dropped.
  class room {
   public:
    explicit room(connection_set& set) noexcept : set_(&set) {}
    room(room&& other) noexcept : set_(std::exchange(other.set_, nullptr)) {}
    room& operator=(room&&) = delete;
    ~room() {
      if (set_ != nullptr) set_->give_back();
    }

   private:
    friend class connection_set;
    connection_set* set_;
  };

  explicit connection_set(std::size_t limit) noexcept : limit_(limit) {}

  /// Waits until one more is allowed, first come, first served. Errors: throws `cancelled`.
  /// Suspends: yes, cancel-safe.
  room wait_for_room();

  /// Makes a place for a connection; then its task is spawned with a token and adopted; or the
  /// spawn failed and the place is abandoned. Suspends: no.
  place reserve(room taken);
  void adopt(place at, task<void> spawned) noexcept;
  void abandon(place at) noexcept;

  /// Says that one more acceptor begins; that one has ended.
  void accepting_begins() noexcept;
  void accepting_ended() noexcept;

  /// Joins what has ended, until an acceptor ends. Returns: false if the caller was cancelled
  /// first. Suspends: yes.
  bool supervise() noexcept;

  /// The rest waits although the caller is cancelled. Suspends: yes.
  void wait_for_acceptors() noexcept;
  /// Returns: false if `limit` passed, or hurry() was called, before all had ended.
  bool wait_for_all(deadline limit) noexcept;
  void reap() noexcept;

  /// Ends the wait_for_all() that is under way, and the next one. Suspends: no.
  void hurry() noexcept;

  /// Cancels the tasks of all live connections. Shape: the acceptors have ended. Suspends: no.
  void cancel_all() noexcept;

 private:
  /// Where one waiter waits; under the lock.
  struct seat {
    waiter* taken_by = nullptr;
    resumption wake() noexcept {
      waiter* const sitting = std::exchange(taken_by, nullptr);
      return sitting == nullptr ? resumption() : sitting->claim();
    }
  };

  wake_reason sit(std::unique_lock<std::mutex>& lock, seat& on, cancellation mode,
                  deadline limit = {}) noexcept;
  bool worth_reaping() const noexcept;
  void give_back() noexcept;
  /// Under the lock: the acceptor who waits for room for longest.
  resumption wake_acceptor() noexcept;
  void ended(place at, bool failed) noexcept;
  void retire(place at, resumption_list& woken) noexcept;

  static constexpr std::size_t reaped_at_once = 64;

  const std::size_t limit_;
  std::mutex guard_;
  std::list<connection> live_;
  std::list<connection> ended_;
  bool failure_ended_ = false;    // one in ended_ has something to report
  std::size_t rooms_ = 0;         // taken, and neither used nor dropped
  std::size_t accepting_ = 0;     // acceptors
  bool one_ended_ = false;        // of the acceptors
  std::list<waiter*> acceptors_;  // that wait for room
  seat supervisor_;
  bool hurried_ = false;
};

}  // namespace heddle::io::detail
