// SPDX-License-Identifier: MIT
// Adds a wait to the present time without overflow.
#include <heddle/runtime/deadline.hpp>

namespace heddle {

deadline deadline::after_nanoseconds(std::chrono::nanoseconds wait) noexcept {
  using time_point = clock::time_point;
  // saturate() gives the two extremes for what cannot be represented, whatever the time is now.
  if (wait == wait.max()) return never();
  if (wait == wait.min()) return time_point::min();
  const auto now = clock::now();
  const auto since_epoch = now.time_since_epoch();
  if (wait.count() > 0 && since_epoch > wait.max() - wait) return never();
  if (wait.count() < 0 && since_epoch < wait.min() - wait) return time_point::min();
  return now + wait;
}

}  // namespace heddle
