// SPDX-License-Identifier: MIT
// Who looks at the loops from outside (debug/watchdog.hpp), as far as the loops know of it: it may
// doze while all of them are parked, and a lone loop does without its thread until it is late once.
#pragma once

#include <chrono>
#include <cstdint>

namespace heddle::detail {

class fiber;
class worker;

/// What a loop finds when it comes back to its root.
struct late_return {
  worker& loop;
  fiber& entered;                   // the one that it left its root for
  std::uint64_t slices;             // how many there were since; 1: it was that fiber's
  std::chrono::nanoseconds lasted;  // at least
};

class loop_watch {
 public:
  loop_watch() = default;
  virtual ~loop_watch() = default;
  loop_watch(const loop_watch&) = delete;
  loop_watch& operator=(const loop_watch&) = delete;

  /// Called by a loop that has left its park and ended the doze (idle_set::end_doze).
  virtual void rouse() noexcept = 0;

  /// Called on the root of a loop that looks back. Returns whether it need not do so any more.
  virtual bool hear(const late_return& of) noexcept = 0;
};

}  // namespace heddle::detail
