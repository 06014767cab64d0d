// SPDX-License-Identifier: MIT
// One watched descriptor: what is known of each direction, and who waits for it.
// Invariants: (1) a direction's word goes ready on an event, with its edge count raised, and not
// ready only by a drained() that has seen that count; so no edge is lost between a system call and
// the wait; (2) whoever waits is in the direction's wait_queue, checked under its lock; (3)
// `closed` is for ever. Who may touch it: the loop that polls fires it; any fiber looks, waits,
// closes.
#pragma once

#include <heddle/runtime/owned_fd.hpp>
#include <heddle/runtime/readiness.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace heddle::detail {

class reactor;

class registration {
 public:
  explicit registration(int fd) noexcept : fd_(fd) {}
  ~registration();

  registration(const registration&) = delete;
  registration& operator=(const registration&) = delete;

  readiness::view look(readiness::direction which) const noexcept;
  void drained(readiness::direction which, readiness::view seen) noexcept;
  void would_block(readiness::direction which, readiness::view seen) noexcept;

  /// Waits until `which` may be ready, registering with `here` first if it is in no reactor.
  /// Errors: throws `cancelled`, std::system_error.
  wake_reason wait(readiness::direction which, const std::shared_ptr<reactor>& here,
                   deadline limit);

  /// Takes note of what somebody found out without the reactor: a plain thread that polled.
  void note_ready(readiness::direction which, bool hung_up) noexcept;

  /// Called by the reactor, under its lock. `epoll_events` as epoll_wait returned them.
  void fire(std::uint32_t epoll_events, resumption_list& woken) noexcept;

  /// Called by a reactor that ends, under its lock: whoever waits here tries again, and finds
  /// another.
  void forget_reactor(resumption_list& woken) noexcept;

  /// Leaves the reactor and wakes everybody with `closed`.
  void close() noexcept;

  int fd() const noexcept { return fd_; }
  bool is_closed() const noexcept;

 private:
  friend class reactor;

  struct side {
    static constexpr std::uint32_t ready = 1;
    static constexpr std::uint32_t hung_up = 2;
    static constexpr std::uint32_t closed = 4;
    static constexpr std::uint32_t one_edge = 8;
    std::atomic<std::uint32_t> word{ready};
    wait_queue waiters;
  };
  side& at(readiness::direction which) noexcept { return sides_[static_cast<std::size_t>(which)]; }
  const side& at(readiness::direction which) const noexcept {
    return sides_[static_cast<std::size_t>(which)];
  }
  /// Returns false if the descriptor cannot be watched because it is always ready.
  bool ensure_watched(const std::shared_ptr<reactor>& here);
  int watched_fd() const noexcept { return duplicate_ ? duplicate_.get() : fd_; }
  static void raise(side& which, std::uint32_t bits) noexcept;
  static void lower(side& which, std::uint32_t bits, readiness::view seen) noexcept;

  int fd_;
  owned_fd duplicate_;  // watched in the place of fd_ where that is watched already
  std::array<side, 2> sides_;
  std::mutex owner_lock_;  // for owner_, slot_: taken by the first wait and by close()
  std::shared_ptr<reactor> owner_;
  std::uint32_t slot_ = 0;            // in the owner's table
  std::atomic<bool> watched_{false};  // in the epoll set of owner_, which lives
};

}  // namespace heddle::detail
