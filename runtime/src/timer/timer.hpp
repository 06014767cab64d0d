// SPDX-License-Identifier: MIT
// One armed time-out of one wait. Lives on the waiting stack; the wheel links it in.
#pragma once

#include <heddle/runtime/clock.hpp>

#include "fiber/parker.hpp"

#include <atomic>
#include <cstdint>

namespace heddle::detail {

class timer_wheel;

struct timer {
  parker* who = nullptr;    // whose wait ends with timeout
  std::uint32_t epoch = 0;  // which wait
  std::uint64_t due_tick = 0;
  timer* next = nullptr;
  timer* previous = nullptr;
  const timer* soon = nullptr;   // looked at some entries after this one; a hint, may dangle
  timer_wheel* wheel = nullptr;  // where it was armed: a fiber may disarm it from another loop
  std::uint8_t level = 0;        // with slot: which list holds it, under the wheel's lock
  std::uint8_t slot = 0;
  std::atomic<bool> linked{false};  // changed under the wheel's lock; cleared: its last touch
};

}  // namespace heddle::detail
