// SPDX-License-Identifier: MIT
// A value that changes, and those who want to know its latest state: settings, a leader, a count.
// Invariants: (1) a receiver learns value and version under one lock: it never takes an old value
// for the newest; (2) it may miss values between two looks, but never the last one. Not here: every
// value (broadcast.hpp). Source: tokio::sync::watch.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/sync/detail/news.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace heddle::sync {

/// Thrown by watch::set once it was closed.
struct watch_closed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace detail {
extern const wait_kind watch_kind;
}  // namespace detail

/// The side that sets: for any number of fibers and threads. T: copyable.
template <class T>
class watch {
  static_assert(std::is_copy_constructible_v<T>, "each look gives a copy");
  struct core;

 public:
  class receiver;

  /// Begins with `initial`, which counts as set. Errors: std::bad_alloc.
  explicit watch(T initial) : core_(std::make_shared<core>(std::move(initial))) {}
  /// Closes. Receivers may outlive it.
  ~watch() { close(); }
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;

  /// Sets the value and wakes all who wait for a change; an equal value is a change, too. Errors:
  /// watch_closed, std::bad_alloc. Suspends: no. Order: happens before the return of a look that
  /// gives the value. Cost: an allocation, a short lock, a wake-up each.
  void set(T value) { core_->set(std::move(value)); }

  /// Returns a copy of the value. Suspends: no.
  T get() const {
    std::uint64_t version = 0;
    return *core_->look(version);
  }

  /// Begins to watch; the value as it is now counts as seen. Suspends: no.
  receiver subscribe() { return receiver(core_); }

  /// Ends: receivers still get a value that they have not seen, then nothing. Idempotent. Suspends:
  /// no.
  void close() noexcept { core_->close(); }

 private:
  std::shared_ptr<core> core_;
};

/// One who watches. Copies have seen what their original has. Used by one fiber or thread at a
/// time. A moved-from one throws std::logic_error.
template <class T>
class watch<T>::receiver {
 public:
  /// Returns a copy of the latest value, which counts as seen. Suspends: no.
  T get() {
    std::uint64_t version = 0;
    const std::shared_ptr<const T> latest = watched().look(version);
    T copy(*latest);
    seen_ = version;
    return copy;
  }

  /// Waits for a value that was set since the last look. Returns: a copy of the latest; nothing
  /// once closed and the last was seen. Errors: throws `cancelled`; what copying throws (then the
  /// value is not seen). Suspends: yes, cancel-safe.
  std::optional<T> next() { return next_until(deadline::never()); }
  /// As next(), for at most `wait`. Returns: nothing, too, if it took longer.
  template <class Rep, class Period>
  std::optional<T> next_for(std::chrono::duration<Rep, Period> wait) {
    return next_until(deadline::after(wait));
  }
  /// As next(). Returns: nothing, too, if `limit` passed first.
  std::optional<T> next_until(deadline limit) {
    cooperate();
    if (!watched().wait(seen_, limit)) return std::nullopt;
    return get();
  }
  /// As next(), without waiting. Returns: nothing, too, if nothing was set. Suspends: no.
  std::optional<T> try_next() {
    if (!has_changed()) return std::nullopt;
    return get();
  }

  /// Returns whether something was set since the last look. Suspends: no.
  bool has_changed() const { return watched().version() != seen_; }
  /// Returns whether nothing more will be set; the last value may not have been seen yet.
  bool is_closed() const { return watched().closed(); }

 private:
  friend class watch;
  explicit receiver(std::shared_ptr<core> of) : core_(std::move(of)), seen_(core_->version()) {}

  core& watched() const {
    if (core_ == nullptr) detail::throw_no_receiver("watch");
    return *core_;
  }

  std::shared_ptr<core> core_;
  std::uint64_t seen_;
};

template <class T>
struct watch<T>::core : detail::news {
  explicit core(T&& initial) : value(std::make_shared<const T>(std::move(initial))) {}

  void set(T&& next) {
    auto fresh = std::make_shared<const T>(std::move(next));
    lock guard(lock_);
    if (closed_) {
      guard.unlock();
      throw watch_closed("heddle::sync::watch::set: it was closed");
    }
    value.swap(fresh);  // the old value is freed after unlocking, unless somebody looks at it
    publish(guard);
  }

  std::shared_ptr<const T> look(std::uint64_t& seen) const {
    const std::lock_guard guard(lock_);
    seen = published_;
    return value;
  }

  bool wait(std::uint64_t seen, deadline limit) {
    lock guard(lock_);
    return wait_for_more(guard, seen, limit, {detail::watch_kind, this});
  }

  std::uint64_t version() const noexcept {
    const std::lock_guard guard(lock_);
    return published_;
  }

  std::shared_ptr<const T> value;
};

}  // namespace heddle::sync
