// SPDX-License-Identifier: MIT
// A counting semaphore, and the permit that gives back what it holds.
// Invariants: (1) permits available, held and handed over add up to the initial number plus what
// was released beyond it; (2) while somebody waits nobody takes a permit past them: the queue is
// served strictly in order, a smaller request does not pass a larger one at its head; (3) the head
// of the queue wants more than is available. Not here: a lock with an owner (mutex.hpp); so many a
// second (rate_limiter.hpp). Source: E. W. Dijkstra, "Cooperating sequential processes", EWD 123,
// 1965; the queue as in tokio's batch semaphore.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/wait_list.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>

namespace heddle::sync {

/// Counts permits; acquire() takes some, release() gives some back, maybe others than were taken.
/// The calls that wait are named as everywhere in heddle: `try_` never waits, `_for` and `_until`
/// do, where std::counting_semaphore, and the locks here for the standard library's sake, have try_
/// before the latter two. Destroyed while somebody waits, the process stops with a message.
class semaphore {
 public:
  /// The largest number of permits that a semaphore can be told to have.
  static constexpr std::ptrdiff_t most_ever = std::numeric_limits<std::ptrdiff_t>::max();

  /// Makes a semaphore with `initial` permits, which will never have more than `most`.
  /// Shape: 0 <= initial <= most, 1 <= most. Errors: std::invalid_argument.
  explicit semaphore(std::ptrdiff_t initial, std::ptrdiff_t most = most_ever);
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;
  ~semaphore();

  /// Takes `n` permits, all at once, waiting in FIFO order until they are there. Shape: 1 <= n <=
  /// most(). Errors: throws `cancelled` (nothing is taken; those behind go on with what is there);
  /// std::invalid_argument. Suspends: yes, cancel-safe. Order: the release() happens before the
  /// return. Cost: no wait: one short lock. Whoever has acquired the last permit of a semaphore may
  /// destroy it at once.
  void acquire(std::ptrdiff_t n = 1) { acquire_until(deadline::never(), n); }

  /// Takes `n` permits unless somebody waits or there are fewer. Returns: whether it took them.
  /// Errors: std::invalid_argument. Suspends: no.
  bool try_acquire(std::ptrdiff_t n = 1);

  /// As acquire(), for at most `wait`. Returns: false, and has taken nothing, if it took longer.
  template <class Rep, class Period>
  bool acquire_for(std::chrono::duration<Rep, Period> wait, std::ptrdiff_t n = 1) {
    return acquire_until(deadline::after(wait), n);
  }
  /// As acquire(). Returns: false, and has taken nothing, if `limit` passed first.
  bool acquire_until(deadline limit, std::ptrdiff_t n = 1);

  /// Gives `n` permits and hands them to those who wait. Shape: 1 <= n <= most(). Errors:
  /// std::invalid_argument beyond that; std::logic_error if there would be more than most(), then
  /// it gave none. Suspends: no. Cost: one short lock, and a wake-up each.
  void release(std::ptrdiff_t n = 1);

  /// Returns how many permits nobody holds; they may be kept for whoever waits. Suspends: no.
  std::ptrdiff_t available() const noexcept;

  /// Returns how many there may be.
  std::ptrdiff_t most() const noexcept { return most_; }

 private:
  void check(const char* operation, std::ptrdiff_t n) const;
  void serve(resumption_list& woken) noexcept;

  mutable spinlock lock_;
  std::ptrdiff_t available_;
  const std::ptrdiff_t most_;
  detail::wait_list waiters_;
};

/// Permits that are given back when the object ends. Move-only; used by one fiber at a time. The
/// semaphore must outlive it.
class [[nodiscard]] permit {
 public:
  /// Holds nothing.
  permit() noexcept = default;
  /// Acquires `n` permits of `from`. Errors, Suspends: as semaphore::acquire().
  explicit permit(semaphore& from, std::ptrdiff_t n = 1) : from_(&from), count_(n) {
    from.acquire(n);
  }
  permit(permit&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  permit& operator=(permit&& other) noexcept {
    if (this != &other) {
      release();
      from_ = std::exchange(other.from_, nullptr);
      count_ = std::exchange(other.count_, 0);
    }
    return *this;
  }
  ~permit() { release(); }

  /// Acquires as the function of semaphore does. Returns: a permit that holds nothing if that
  /// returned false.
  static permit try_acquire(semaphore& from, std::ptrdiff_t n = 1) {
    return from.try_acquire(n) ? adopt(from, n) : permit();
  }
  /// As semaphore::acquire_for(). Returns: a permit that holds nothing if it took longer.
  template <class Rep, class Period>
  static permit acquire_for(semaphore& from, std::chrono::duration<Rep, Period> wait,
                            std::ptrdiff_t n = 1) {
    return acquire_until(from, deadline::after(wait), n);
  }
  /// As semaphore::acquire_until(). Returns: a permit that holds nothing if `limit` passed first.
  static permit acquire_until(semaphore& from, deadline limit, std::ptrdiff_t n = 1) {
    return from.acquire_until(limit, n) ? adopt(from, n) : permit();
  }

  /// Takes over `n` permits that the caller has acquired.
  static permit adopt(semaphore& from, std::ptrdiff_t n = 1) noexcept {
    permit held;
    held.from_ = &from;
    held.count_ = n;
    return held;
  }

  /// Returns whether it holds permits.
  explicit operator bool() const noexcept { return from_ != nullptr; }
  /// Returns how many.
  std::ptrdiff_t count() const noexcept { return count_; }

  /// Gives them back now; holding none does nothing. A semaphore that has as many as it may have
  /// already ends the process: permits have been released that were not held. Suspends: no.
  void release() noexcept {
    if (from_ != nullptr) std::exchange(from_, nullptr)->release(std::exchange(count_, 0));
  }

  /// Keeps them taken: somebody else releases them. Returns: how many.
  std::ptrdiff_t disown() noexcept {
    from_ = nullptr;
    return std::exchange(count_, 0);
  }

 private:
  semaphore* from_ = nullptr;
  std::ptrdiff_t count_ = 0;
};

}  // namespace heddle::sync
