// SPDX-License-Identifier: MIT
// One armed time-out, of a wait or of a cancel scope. Lies where the wait or the scope does, on a
// stack; a wheel links it in. Invariants: (1) state goes off -> armed, by its owner; armed -> off,
// by its owner or, for a wait, by the wheel that fires it; a scope's goes armed -> firing -> off:
// whoever advances the wheel cancels the scope in between; (2) off is the last touch of others.
#pragma once

#include <atomic>
#include <cstdint>

namespace heddle::detail {

struct parker;
class timer_wheel;

enum class timer_state : std::uint8_t { off, armed, firing };

struct timer {
  parker* who = nullptr;    // whose wait ends with timeout; null: a scope's
  std::uint32_t epoch = 0;  // which wait
  std::uint64_t due_tick = 0;
  timer* next = nullptr;
  timer* previous = nullptr;
  const timer* soon = nullptr;   // looked at some entries after this one; a hint, may dangle
  timer_wheel* wheel = nullptr;  // where it was armed: a fiber may disarm it from another loop
  std::uint8_t level = 0;        // with slot: which list holds it, under the wheel's lock
  std::uint8_t slot = 0;
  std::atomic<timer_state> state{timer_state::off};  // armed is left under the wheel's lock only
};

}  // namespace heddle::detail
