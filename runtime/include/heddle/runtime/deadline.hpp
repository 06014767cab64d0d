// SPDX-License-Identifier: MIT
// A point in time by which something must have happened, or never.
// Invariants: (1) arithmetic saturates: a duration too long to represent gives never, one too far
// in the past gives the earliest time; nothing overflows; (2) never compares later than every time.
#pragma once

#include <heddle/runtime/clock.hpp>

#include <chrono>
#include <compare>

namespace heddle {

/// Holds a clock::time_point or never.
class deadline {
 public:
  /// Constructs never.
  constexpr deadline() noexcept = default;

  /// Constructs the given moment. Implicit, so that every `x_until` takes a time point.
  constexpr deadline(clock::time_point when) noexcept : when_(when) {}

  /// Returns the deadline that does not come.
  static constexpr deadline never() noexcept { return {}; }

  /// Returns the moment `wait` from now; never if that cannot be represented.
  template <class Rep, class Period>
  static deadline after(std::chrono::duration<Rep, Period> wait) {
    return after_nanoseconds(saturate(wait));
  }

  constexpr bool is_never() const noexcept { return when_ == clock::time_point::max(); }

  /// Returns the moment; clock::time_point::max() for never.
  constexpr clock::time_point when() const noexcept { return when_; }

  /// Returns whether the moment has come. Cost: a clock reading, unless never.
  bool passed() const noexcept { return !is_never() && when_ <= clock::now(); }

  // NOLINTNEXTLINE(modernize-use-nullptr): taken for a null pointer by clang-tidy 14
  friend constexpr auto operator<=>(deadline, deadline) noexcept = default;

 private:
  static deadline after_nanoseconds(std::chrono::nanoseconds wait) noexcept;

  template <class Rep, class Period>
  static constexpr std::chrono::nanoseconds saturate(std::chrono::duration<Rep, Period> wait) {
    using std::chrono::duration;
    using std::chrono::nanoseconds;
    // Compared as long double: exact enough to pick the side, and itself unable to overflow.
    const duration<long double, std::nano> wide{wait};
    if (wide >= duration<long double, std::nano>(nanoseconds::max())) return nanoseconds::max();
    // Written so that not-a-number, too, is the past.
    if (!(wide > duration<long double, std::nano>(nanoseconds::min()))) return nanoseconds::min();
    return std::chrono::ceil<nanoseconds>(wait);
  }

  clock::time_point when_ = clock::time_point::max();
};

}  // namespace heddle
