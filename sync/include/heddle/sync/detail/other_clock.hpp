// SPDX-License-Identifier: MIT
// Waits until a moment of a clock that is not heddle::clock, as the standard's timed lockables have
// them: system_clock's, say. Such a clock may be set while one waits, so it is asked again when the
// time that was left has passed. No API.
#pragma once

#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/deadline.hpp>

#include <chrono>
#include <concepts>
#include <type_traits>

namespace heddle::sync::detail {

template <class T>
inline constexpr bool is_time_point = false;
template <class Clock, class Duration>
inline constexpr bool is_time_point<std::chrono::time_point<Clock, Duration>> = true;

/// A time point that no deadline can be made of.
template <class T>
concept other_moment = is_time_point<T> && !std::convertible_to<T, deadline>;

/// Returns how long it is until `when`, by its own clock.
template <class Clock, class Duration>
auto time_until(const std::chrono::time_point<Clock, Duration>& when) {
  // In long double, which does not overflow, and is as exact as nanoseconds in 64 bits.
  using wide = std::chrono::duration<long double, std::nano>;
  if constexpr (std::same_as<Clock, clock::time_point::clock>) {
    return wide(when.time_since_epoch()) - wide(clock::now().time_since_epoch());
  } else {
    return wide(when.time_since_epoch()) - wide(Clock::now().time_since_epoch());
  }
}

/// Calls `attempt`, which takes a deadline and returns whether it succeeded, until it does or
/// `when` has come. Returns whether it did.
template <class Moment, class Attempt>
bool try_until(const Moment& when, Attempt attempt) {
  for (;;) {
    const auto left = time_until(when);
    if (attempt(deadline::after(left))) return true;
    if (left.count() <= 0 || time_until(when).count() <= 0) return false;
  }
}

}  // namespace heddle::sync::detail
