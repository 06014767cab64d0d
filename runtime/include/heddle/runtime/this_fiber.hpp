// SPDX-License-Identifier: MIT
// What the running fiber says of itself and does to itself.
// All but exists, sleep_for and sleep_until throw std::logic_error on a plain thread.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/detail/jump.hpp>
#include <heddle/runtime/error.hpp>

#include <chrono>
#include <string_view>

namespace heddle::this_fiber {

/// Lets the fibers that are ready on this loop go first. Errors: throws `cancelled`.
/// Suspends: yes, cancel-safe. Cost: a queue operation and a switch; nothing waits: a few loads.
inline __attribute__((always_inline)) void yield() {
  const detail::handover next = detail::begin_yield();
  if (next.to == nullptr) return;
  const detail::departure left = detail::keep_context(detail::jump(next.to, next.data));
  if (left.what != detail::after::nothing) detail::finish_switch(left);
}

/// Sleeps until `when` or a little later, in a fiber or on a plain thread; never wakes early. In a
/// fiber, if `when` has passed: as yield(). Errors: throws `cancelled`. Suspends: yes, cancel-safe.
void sleep_until(deadline when);

/// Sleeps at least `wait`; else as sleep_until().
template <class Rep, class Period>
void sleep_for(std::chrono::duration<Rep, Period> wait) {
  sleep_until(deadline::after(wait));
}

/// Throws `cancelled` if the fiber is cancelled, and yields if it has used up its budget of
/// operations that did not wait. For long computations. Suspends: sometimes, cancel-safe.
void checkpoint();

/// Returns whether the caller runs in a fiber, and not on a plain thread. Suspends: no.
bool exists() noexcept;

/// Returns the fiber's id. Suspends: no.
fiber_id id();

/// Returns the name given at spawn; valid while the fiber lives. Suspends: no.
std::string_view name();

/// Returns how many bytes of the fiber's stack have ever been touched, in whole pages, by any fiber
/// that used this stack since it was last trimmed. Cost: one mincore call. Suspends: no.
std::size_t stack_high_water_bytes();

/// Gives the pages of the stack back to the system that nothing lies on now: for one of very many
/// fibers, about to wait for long after it has called deep. Cost: one madvise call, and a page
/// fault for each page when it is used again. Suspends: no.
void trim_stack();

}  // namespace heddle::this_fiber
