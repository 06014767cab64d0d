// SPDX-License-Identifier: MIT
// rate_limiter: the theoretical arrival time of the next cell, and a line of those who came when
// there was too little, in which the first one holds a semaphore of one permit while it sleeps.
#include <heddle/sync/rate_limiter.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle::sync {

namespace {

constexpr wait_kind token_kind{"tokens of rate_limiter"};
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 2;

void check_field(const char* field, bool good, std::int64_t value) {
  if (good) return;
  throw std::invalid_argument(std::string("heddle::sync::rate_limiter: ") + field + " is " +
                              std::to_string(value) + ", must be at least 1 and not too large");
}

}  // namespace

/// One that is in line, and counted, until it has taken its tokens or leaves.
struct rate_limiter::in_line {
  explicit in_line(rate_limiter& at) noexcept : of(at) {}
  ~in_line() {
    if (wanted == 0) return;
    const std::lock_guard guard(of.lock_);
    leave();
  }
  /// Under the lock.
  void leave() noexcept {
    of.wanted_ -= static_cast<std::uint64_t>(std::exchange(wanted, 0));
    --of.in_line_;
  }
  in_line(const in_line&) = delete;
  in_line& operator=(const in_line&) = delete;

  rate_limiter& of;
  std::ptrdiff_t wanted = 0;
};

rate_limiter::~rate_limiter() { detail::check_nobody_waits(in_line_ == 0, "rate_limiter"); }

rate_limiter::rate_limiter(const rate_limit& limit) : limit_(limit) {
  check_field("tokens", 1 <= limit.tokens && limit.tokens <= most, limit.tokens);
  check_field("per", 1 <= limit.per.count() && limit.per.count() <= most, limit.per.count());
  // Half of most: filled_ is up to a burst ahead, and due() looks another one further.
  check_field("burst", 1 <= limit.burst && limit.burst <= most / 2 / limit.per.count(),
              limit.burst);
  const moment whole = later_by({}, limit.burst);
  burst_time_ = whole.nanoseconds;
  burst_fraction_ = whole.fraction;
  filled_.nanoseconds = clock::now().time_since_epoch().count();
}

void rate_limiter::check(std::ptrdiff_t n) const {
  if (1 <= n && n <= limit_.burst) return;
  throw std::invalid_argument("heddle::sync::rate_limiter: " + std::to_string(n) +
                              " tokens, must be 1 to burst, " + std::to_string(limit_.burst));
}

/// Returns the moment at which n more tokens have come.
rate_limiter::moment rate_limiter::later_by(moment from, std::ptrdiff_t n) const noexcept {
  const std::int64_t parts = n * limit_.per.count();
  from.nanoseconds += parts / limit_.tokens;
  from.fraction += parts % limit_.tokens;
  if (from.fraction >= limit_.tokens) {
    from.fraction -= limit_.tokens;
    ++from.nanoseconds;
  }
  return from;
}

/// Returns when n tokens can be taken, under the lock: a burst before the bucket would be full
/// again.
clock::time_point rate_limiter::due(std::ptrdiff_t n, clock::time_point now) const noexcept {
  moment at = later_by(std::max(filled_, moment{now.time_since_epoch().count(), 0}), n);
  at.nanoseconds -= burst_time_;
  at.fraction -= burst_fraction_;
  if (at.fraction > 0) ++at.nanoseconds;  // not before the last fraction has come
  return clock::time_point(std::chrono::nanoseconds(at.nanoseconds));
}

/// Takes n tokens, under the lock, if they are there.
bool rate_limiter::take_if_due(std::ptrdiff_t n, clock::time_point now) noexcept {
  if (due(n, now) > now) return false;
  filled_ = later_by(std::max(filled_, moment{now.time_since_epoch().count(), 0}), n);
  return true;
}

bool rate_limiter::try_acquire(std::ptrdiff_t n) {
  check(n);
  const clock::time_point now = clock::now();
  const std::lock_guard guard(lock_);
  return in_line_ == 0 && take_if_due(n, now);
}

bool rate_limiter::acquire_until(deadline limit, std::ptrdiff_t n) {
  check(n);
  cooperate();
  in_line me(*this);
  switch (take_or_enter(me, n, limit)) {
    case entry::taken:
      return true;
    case entry::refused:
      return false;
    case entry::in_line:
      break;
  }
  const permit turn = permit::acquire_until(first_, limit);
  return turn && take_as_first(me, n, limit);
}

/// Takes n tokens if they are there and nobody is in line; else gets in line, unless they cannot
/// come before `limit`.
rate_limiter::entry rate_limiter::take_or_enter(in_line& me, std::ptrdiff_t n,
                                                deadline limit) noexcept {
  const clock::time_point now = clock::now();
  const std::lock_guard guard(lock_);
  if (in_line_ == 0 && take_if_due(n, now)) return entry::taken;
  const std::uint64_t wanted = wanted_ + static_cast<std::uint64_t>(n);
  if (!limit.is_never()) {
    // In floating point: a long line may want more than the clock can tell. Rounded down by more
    // than it can err, so that nobody is refused who would be served.
    using nanoseconds = long double;
    const auto wait = static_cast<nanoseconds>(wanted) *
                          static_cast<nanoseconds>(limit_.per.count()) /
                          static_cast<nanoseconds>(limit_.tokens) -
                      static_cast<nanoseconds>(burst_time_) - 2;
    const std::int64_t from = std::max(filled_.nanoseconds, now.time_since_epoch().count());
    if (static_cast<nanoseconds>(from) + wait >
        static_cast<nanoseconds>(limit.when().time_since_epoch().count())) {
      return entry::refused;
    }
  }
  wanted_ = wanted;
  ++in_line_;
  me.wanted = n;
  return entry::in_line;
}

bool rate_limiter::take_as_first(in_line& me, std::ptrdiff_t n, deadline limit) {
  for (;;) {
    const clock::time_point now = clock::now();
    clock::time_point at;
    {
      const std::lock_guard guard(lock_);
      if (take_if_due(n, now)) {
        me.leave();
        return true;
      }
      at = due(n, now);
    }
    if (limit.when() < at) return false;
    waiter nobody_wakes{wait_subject(token_kind, this)};
    throw_if_cancelled(nobody_wakes.wait(at));
  }
}

}  // namespace heddle::sync
