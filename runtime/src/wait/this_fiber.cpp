// SPDX-License-Identifier: MIT
// Yielding, sleeping, and what a fiber knows of itself.
#include <heddle/runtime/this_fiber.hpp>

#include <heddle/runtime/park.hpp>

#include "fiber/fiber.hpp"
#include "fiber/stack.hpp"
#include "sched/worker.hpp"

#include <stdexcept>
#include <string>

namespace heddle {

namespace {

constexpr wait_kind sleep_kind{"a time", wait_kind::object::none};

[[noreturn]] __attribute__((cold, noinline)) void throw_outside(const char* operation) {
  throw std::logic_error(std::string("heddle::this_fiber::") + operation +
                         " outside a fiber: call it inside heddle::run or a spawned task");
}

detail::fiber& self(const char* operation) {
  detail::fiber* const running = detail::worker::current_fiber();
  if (running == nullptr) throw_outside(operation);
  return *running;
}

}  // namespace

namespace detail {

namespace {

__attribute__((noinline)) handover begin_attentive_yield(fiber& me) {
  look_up(--worker::current()->budget == 0);
  return worker::begin_yield(me);
}

}  // namespace

handover begin_yield() {
  fiber& me = self("yield");
  if (me.attention.load(std::memory_order_relaxed) != 0) [[unlikely]]
    return begin_attentive_yield(me);
  return worker::begin_yield(me);
}

void finish_switch(departure left) noexcept { worker::current()->dispose(left); }

}  // namespace detail

namespace this_fiber {

void checkpoint() {
  self("checkpoint");
  cooperate();
}

void sleep_until(deadline when) {
  // One that is over at once is a yield: it finds its budget spent.
  if (detail::thread_state* const here = detail::current_thread_state()) here->budget = 1;
  waiter nobody_wakes{wait_subject(sleep_kind)};
  throw_if_cancelled(nobody_wakes.wait(when));
}

bool exists() noexcept { return detail::worker::current_fiber() != nullptr; }

fiber_id id() { return self("id").task->id; }

std::string_view name() { return detail::name_of(*self("name").task); }

std::size_t stack_high_water_bytes() {
  detail::fiber& me = self("stack_high_water_bytes");
  return detail::resident_stack_bytes(me.stack_low(), me.stack_bytes());
}

void trim_stack() {
  constexpr std::size_t below_the_frame = 512;  // what this function itself calls lies there
  detail::fiber& me = self("trim_stack");
  std::byte* const low = me.stack_low();
  const auto* const here = static_cast<std::byte*>(__builtin_frame_address(0));
  const std::size_t unused = static_cast<std::size_t>(here - low) - below_the_frame;
  if (here - low > static_cast<std::ptrdiff_t>(2 * detail::page_bytes)) {
    detail::trim_stack(low, unused / detail::page_bytes * detail::page_bytes);
  }
}

}  // namespace this_fiber
}  // namespace heddle
