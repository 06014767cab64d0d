// SPDX-License-Identifier: MIT
// rate_limiter: the theoretical arrival time of the next cell, and a line of those who came when
// there was too little, of whom the first one sleeps for tokens.
#include <heddle/sync/rate_limiter.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>

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

/// One's place in line, once one has found too little. Whoever leaves as the first, with tokens or
/// without, makes the next one the first.
class rate_limiter::place {
 public:
  /// Under `guard`, the limiter's.
  place(rate_limiter& at, std::ptrdiff_t n, std::unique_lock<spinlock>& guard) noexcept
      : of_(at), wanted_(static_cast<std::uint64_t>(n)), guard_(guard) {
    of_.wanted_ += wanted_;
  }
  ~place() {
    resumption_list woken;
    if (!guard_.owns_lock()) guard_.lock();
    of_.wanted_ -= wanted_;
    if (first_) of_.has_first_ = of_.line_.claim_first(woken) != nullptr;
    guard_.unlock();
    woken.resume_all();
  }
  place(const place&) = delete;
  place& operator=(const place&) = delete;

  /// Waits until those before have gone. Returns: event: it is the first. Under the guard again.
  wake_reason wait(deadline limit) noexcept {
    wake_reason reason = wake_reason::event;
    if (of_.has_first_) {
      detail::wait_entry self{wait_subject(token_kind, &of_)};
      reason = detail::wait_in(of_.line_, self, guard_, limit);
    }
    first_ = reason == wake_reason::event;
    if (first_) of_.has_first_ = true;
    return reason;
  }

 private:
  rate_limiter& of_;
  const std::uint64_t wanted_;
  std::unique_lock<spinlock>& guard_;
  bool first_ = false;
};

rate_limiter::~rate_limiter() { detail::check_nobody_waits(!has_first_, "rate_limiter"); }

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

/// Takes n tokens, under the lock, if they are there at `now`. Returns when they are, which is not
/// after `now` if it has taken them: a burst before the bucket will be full again.
clock::time_point rate_limiter::take_if_due(std::ptrdiff_t n, clock::time_point now) noexcept {
  const moment full = later_by(std::max(filled_, moment{now.time_since_epoch().count(), 0}), n);
  moment at = full;
  at.nanoseconds -= burst_time_;
  at.fraction -= burst_fraction_;
  if (at.fraction > 0) ++at.nanoseconds;  // not before the last fraction has come
  const clock::time_point due{std::chrono::nanoseconds(at.nanoseconds)};
  if (due <= now) filled_ = full;
  return due;
}

bool rate_limiter::try_acquire(std::ptrdiff_t n) {
  check(n);
  const clock::time_point now = clock::now();
  const std::lock_guard guard(lock_);
  return !has_first_ && take_if_due(n, now) <= now;
}

bool rate_limiter::acquire_until(deadline limit, std::ptrdiff_t n) {
  check(n);
  cooperate();
  const clock::time_point now = clock::now();
  std::unique_lock guard(lock_);
  if (!has_first_ && take_if_due(n, now) <= now) return true;
  if (is_too_early(limit, n, now)) return false;
  place mine(*this, n, guard);
  const wake_reason reason = mine.wait(limit);
  if (reason == wake_reason::event) return take_as_first(n, limit, guard);
  guard.unlock();
  throw_if_cancelled(reason);
  return false;
}

/// Returns whether n tokens cannot come before `limit`, since those in line come first.
bool rate_limiter::is_too_early(deadline limit, std::ptrdiff_t n,
                                clock::time_point now) const noexcept {
  if (limit.is_never()) return false;
  // In floating point: a long line may want more than the clock can tell. Rounded down by more
  // than it can err, so that nobody is refused who would be served.
  using nanoseconds = long double;
  const auto wait = static_cast<nanoseconds>(wanted_ + static_cast<std::uint64_t>(n)) *
                        static_cast<nanoseconds>(limit_.per.count()) /
                        static_cast<nanoseconds>(limit_.tokens) -
                    static_cast<nanoseconds>(burst_time_) - 2;
  const std::int64_t from = std::max(filled_.nanoseconds, now.time_since_epoch().count());
  return static_cast<nanoseconds>(from) + wait >
         static_cast<nanoseconds>(limit.when().time_since_epoch().count());
}

/// Sleeps until there are n tokens, and takes them. Returns under `guard`, so that the line is left
/// before anybody sees that they are taken.
bool rate_limiter::take_as_first(std::ptrdiff_t n, deadline limit,
                                 std::unique_lock<spinlock>& guard) {
  for (;;) {
    const clock::time_point now = clock::now();
    const clock::time_point at = take_if_due(n, now);
    if (at <= now) return true;
    if (limit.when() < at) return false;
    guard.unlock();
    waiter nobody_wakes{wait_subject(token_kind, this)};
    throw_if_cancelled(nobody_wakes.wait(at));
    guard.lock();
  }
}

}  // namespace heddle::sync
