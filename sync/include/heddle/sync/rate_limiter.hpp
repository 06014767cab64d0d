// SPDX-License-Identifier: MIT
// So many tokens in so much time: a token bucket, kept as one point in time.
// Invariants: (1) in any span of time t at most burst + t * tokens / per tokens are given, exactly:
// fractions of a nanosecond are carried on; (2) acquire() is served in FIFO order, and only the
// first in line sleeps for tokens: whoever leaves the line, cancelled or late, has reserved
// nothing; (3) what is not used is not saved beyond burst; (4) whoever finds the tokens there and
// nobody in line has them at once, under the lock, and is never in line. Not here: how many at once
// (semaphore.hpp). Source: the generic cell rate algorithm (virtual scheduling), ITU-T I.371, 1993;
// J. Turner, "New directions in communications", 1986, doi:10.1109/MCOM.1986.1092946, for the leaky
// bucket.
#pragma once

#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/wait_list.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace heddle::sync {

/// How fast a rate_limiter gives tokens.
struct rate_limit {
  std::ptrdiff_t tokens = 1;                              ///< so many ...
  std::chrono::nanoseconds per{std::chrono::seconds(1)};  ///< ... in this time
  std::ptrdiff_t burst = 1;  ///< as many at once after a rest, which is also the most that one call
                             ///< may ask for
};

/// Gives tokens at a rate. Destroyed while somebody waits, the process stops with a message.
class rate_limiter {
 public:
  /// Starts with `burst` tokens. Shape: all at least 1; tokens below 2^62, burst * per, in
  /// nanoseconds, below 2^61. Errors: std::invalid_argument naming the field.
  explicit rate_limiter(const rate_limit& limit);
  rate_limiter(const rate_limiter&) = delete;
  rate_limiter& operator=(const rate_limiter&) = delete;
  ~rate_limiter();

  /// Takes `n` tokens, waiting in line until the rate allows. Shape: 1 <= n <= burst. Errors:
  /// throws `cancelled` (nothing was taken); std::invalid_argument. Suspends: yes, cancel-safe.
  /// Cost: no wait: a clock reading and a short lock.
  void acquire(std::ptrdiff_t n = 1) { acquire_until(deadline::never(), n); }

  /// Takes `n` tokens if the rate allows now and nobody waits. Returns: whether it did. Shape: 1 <=
  /// n <= burst. Errors: std::invalid_argument. Suspends: no.
  bool try_acquire(std::ptrdiff_t n = 1);

  /// As acquire(), for at most `wait`; otherwise as acquire_until().
  template <class Rep, class Period>
  bool acquire_for(std::chrono::duration<Rep, Period> wait, std::ptrdiff_t n = 1) {
    return acquire_until(deadline::after(wait), n);
  }
  /// As acquire(). Returns: false, and has taken nothing, if `limit` is too early: at once, if
  /// those ahead in line alone make it so; whether one of them will leave is not waited for. With a
  /// limit that has passed: takes what is there. Errors, Suspends: as acquire().
  bool acquire_until(deadline limit, std::ptrdiff_t n = 1);

 private:
  /// A time in nanoseconds and `tokens`ths of one.
  struct moment {
    std::int64_t nanoseconds = 0;
    std::int64_t fraction = 0;
    // NOLINTNEXTLINE(modernize-use-nullptr): taken for a null pointer by clang-tidy 14
    friend auto operator<=>(const moment&, const moment&) = default;
  };
  class place;

  void check(std::ptrdiff_t n) const;
  moment later_by(moment from, std::ptrdiff_t n) const noexcept;
  clock::time_point take_if_due(std::ptrdiff_t n, clock::time_point now) noexcept;
  bool is_too_early(deadline limit, std::ptrdiff_t n, clock::time_point now) const noexcept;
  bool take_as_first(std::ptrdiff_t n, deadline limit, std::unique_lock<spinlock>& guard);

  const rate_limit limit_;
  std::int64_t burst_time_;      // what a burst takes to fill ...
  std::int64_t burst_fraction_;  // ... and `tokens`ths of a nanosecond
  mutable spinlock lock_;
  moment filled_;           // when the bucket is full again, if nobody takes more
  bool has_first_ = false;  // somebody is the first in line: sleeps until there is enough
  detail::wait_list line_;  // those behind
  // What they all want together, modulo 2^64. More than that is a line that few limits are long
  // enough for: then some are refused later, when they are the first, and not at once.
  std::uint64_t wanted_ = 0;
};

}  // namespace heddle::sync
