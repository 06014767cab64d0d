// SPDX-License-Identifier: MIT
// So many parties meet, again and again: none goes on before all have arrived.
// Invariants: (1) a phase ends when as many have arrived as there are parties; the completion runs
// once then, after all arrivals and before anybody goes on; (2) an arrival that waits and is
// cancelled or late is withdrawn, and the others go on waiting: a call that had no success has no
// effect, and nobody else gets barrier_broken for it. Once all have arrived nothing is withdrawn
// any more; (3) after abort() every arrival throws, until reset(); (4) a phase ends as passed or
// broken once, and its tokens are told which, whatever comes after, until another one has passed.
// Not here: a barrier for one time (latch.hpp). Source: std::barrier; abort() and reset() as in
// asyncio.Barrier and threading.Barrier, of which the second also breaks at a time-out, as this one
// does not.
#pragma once

#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/wait_list.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace heddle::sync {

/// Thrown by a barrier's waits when somebody has called abort() or reset().
struct barrier_broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace detail {

/// A barrier without the type of its completion.
class barrier_core {
 public:
  /// What runs when all have arrived; may be nothing.
  struct completion {
    void (*run)(void* of) noexcept = nullptr;
    void* of = nullptr;
  };

  explicit barrier_core(std::ptrdiff_t parties);
  barrier_core(const barrier_core&) = delete;
  barrier_core& operator=(const barrier_core&) = delete;
  ~barrier_core();

  std::uint64_t arrive(std::ptrdiff_t n, completion last);
  bool wait(std::uint64_t phase, deadline limit);
  std::optional<std::size_t> arrive_and_wait(deadline limit, completion last);
  void arrive_and_drop(completion last);

  void abort() noexcept;
  void reset() noexcept;
  bool broken() const noexcept;
  std::ptrdiff_t parties() const noexcept;
  std::size_t waiting() const noexcept;

 private:
  struct arrival;
  void check_arrival(std::unique_lock<spinlock>& guard, std::ptrdiff_t n, const char* operation);
  std::size_t complete(std::unique_lock<spinlock>& guard, completion last) noexcept;
  std::size_t end_phase(resumption_list& woken, bool passed) noexcept;
  bool has_passed(std::unique_lock<spinlock>& guard, std::uint64_t phase) const;

  mutable spinlock lock_;
  std::ptrdiff_t parties_;
  std::ptrdiff_t arrived_ = 0;
  std::ptrdiff_t dropped_ = 0;  // of those who have arrived: not there in the next phase
  std::size_t waiting_ = 0;
  std::uint64_t phase_ = 0;
  bool completing_ = false;   // all have arrived, the completion runs, without the lock
  std::uint64_t passed_ = 0;  // the number of the phase after the last one that passed
  bool broken_ = false;
  wait_list waiters_;
};

struct no_completion {
  void operator()() const noexcept {}
};

}  // namespace detail

/// Holds up each of so many parties until all have arrived. `Completion`: called by the last one to
/// arrive, behind a shield; must not throw, may wait. Destroyed while somebody waits, the process
/// stops with a message.
template <class Completion = detail::no_completion>
class barrier {
  static_assert(std::is_nothrow_invocable_v<Completion&>, "a barrier's completion is noexcept");

 public:
  /// Says which phase somebody has arrived in.
  class [[nodiscard]] arrival_token {
    friend class barrier;
    explicit arrival_token(std::uint64_t phase) noexcept : phase_(phase) {}
    std::uint64_t phase_;
  };

  /// Shape: 1 <= parties. Errors: std::invalid_argument.
  explicit barrier(std::ptrdiff_t parties, Completion completion = Completion())
      : core_(parties), completion_(std::move(completion)) {}
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;

  /// Arrives and waits for the others. Returns: a number of its own for each of those who waited in
  /// this phase, from 0 on; the last to arrive has the highest. Errors: throws `cancelled`, and the
  /// arrival is withdrawn; barrier_broken; std::logic_error if all have arrived already and the
  /// completion is at work. Suspends: yes, cancel-safe. Order: all arrivals happen before the
  /// completion, and that before the return. Cost: a short lock and a park; the last: a wake-up
  /// each. When all waits have returned the barrier may be destroyed.
  std::size_t arrive_and_wait() { return *core_.arrive_and_wait(deadline::never(), last()); }

  /// As arrive_and_wait(), for at most `wait`. Returns: nothing if it took longer; then the arrival
  /// is withdrawn. A completion that has begun by then is waited for.
  template <class Rep, class Period>
  std::optional<std::size_t> arrive_and_wait_for(std::chrono::duration<Rep, Period> wait) {
    return arrive_and_wait_until(deadline::after(wait));
  }
  /// As arrive_and_wait_for(), until `limit`.
  std::optional<std::size_t> arrive_and_wait_until(deadline limit) {
    return core_.arrive_and_wait(limit, last());
  }

  /// Arrives, `n` times, without waiting. Errors: barrier_broken; std::logic_error if that is more
  /// than are missing, or less than 1. Suspends: only in a completion that does.
  arrival_token arrive(std::ptrdiff_t n = 1) { return arrival_token(core_.arrive(n, last())); }

  /// Waits for the end of the phase that `arrived` is of: the present one, the last one that
  /// passed, or one that abort() or reset() has ended since. Errors: throws `cancelled` (the
  /// arrival stays); barrier_broken if abort() or reset() has ended the phase; std::logic_error for
  /// an older token. Suspends: yes, cancel-safe.
  void wait(const arrival_token& arrived) { core_.wait(arrived.phase_, deadline::never()); }
  /// As wait(). Returns: false if it took longer.
  template <class Rep, class Period>
  bool wait_for(const arrival_token& arrived, std::chrono::duration<Rep, Period> wait) {
    return core_.wait(arrived.phase_, deadline::after(wait));
  }
  /// As wait(). Returns: false if `limit` passed first.
  bool wait_until(const arrival_token& arrived, deadline limit) {
    return core_.wait(arrived.phase_, limit);
  }

  /// Arrives for the last time: later phases have one party less. Errors: as arrive().
  void arrive_and_drop() { core_.arrive_and_drop(last()); }

  /// Breaks the barrier: whoever waits, and whoever arrives from now on, gets barrier_broken. A
  /// phase whose completion runs already still ends well. Suspends: no.
  void abort() noexcept { core_.abort(); }

  /// Makes the barrier as new: forgets all arrivals; whoever waits gets barrier_broken. A phase
  /// whose completion runs already still ends well. Suspends: no.
  void reset() noexcept { core_.reset(); }

  /// Returns whether abort() was called, and reset() not since. Suspends: no.
  bool broken() const noexcept { return core_.broken(); }
  /// Returns how many arrivals end a phase.
  std::ptrdiff_t parties() const noexcept { return core_.parties(); }
  /// Returns how many wait now.
  std::size_t waiting() const noexcept { return core_.waiting(); }

 private:
  detail::barrier_core::completion last() noexcept {
    if constexpr (std::is_same_v<Completion, detail::no_completion>) {
      return {};
    } else {
      return {[](void* of) noexcept { (*static_cast<Completion*>(of))(); },
              std::addressof(completion_)};
    }
  }

  detail::barrier_core core_;
  [[no_unique_address]] Completion completion_;
};

barrier(std::ptrdiff_t)->barrier<>;

}  // namespace heddle::sync
