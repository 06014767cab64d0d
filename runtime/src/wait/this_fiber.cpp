// SPDX-License-Identifier: MIT
// Yielding, sleeping, and what a fiber knows of itself.
#include <heddle/runtime/this_fiber.hpp>

#include <heddle/runtime/park.hpp>

#include "fiber/fiber.hpp"
#include "fiber/stack.hpp"
#include "sched/worker.hpp"

#include <stdexcept>
#include <string>

namespace heddle::this_fiber {

namespace {

detail::fiber& self(const char* operation) {
  detail::fiber* const running = detail::worker::current_fiber();
  if (running == nullptr) {
    throw std::logic_error(std::string("heddle::this_fiber::") + operation +
                           " outside a fiber: call it inside heddle::run or a spawned task");
  }
  return *running;
}

}  // namespace

void yield() {
  detail::fiber& me = self("yield");
  if (me.attention.load(std::memory_order_relaxed) != 0) throw_if_cancelled();
  detail::worker::yield(me);
}

void checkpoint() {
  self("checkpoint");
  cooperate();
}

void sleep_until(deadline when) {
  waiter nobody_wakes;
  throw_if_cancelled(nobody_wakes.wait(when));
}

fiber_id id() { return self("id").task->id; }

std::string_view name() { return detail::name_of(*self("name").task); }

std::size_t stack_high_water_bytes() {
  detail::fiber& me = self("stack_high_water_bytes");
  return detail::resident_stack_bytes(me.stack_low(), me.stack_bytes());
}

}  // namespace heddle::this_fiber
