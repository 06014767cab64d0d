// SPDX-License-Identifier: MIT
// One loop under a policy: its turns (simulated_loops.hpp). The steps are those of worker.cpp and
// worker_park.cpp; what is here is where they stop and go on.
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <array>
#include <utility>

namespace heddle::detail {

void worker::take_turn(const task_core* until) noexcept {
  if (asleep_) {
    asleep_ = false;
    // order: acquire — partner: wake_up(): what there is to find.
    woken_.exchange(false, std::memory_order_acquire);
    resumption_list nobody;  // events are asked for by take_events()
    rise(nobody);
  } else if (fiber* const held = std::exchange(in_hand_, nullptr)) {
    enter_from_root(*held);
  } else {
    turn(until);
  }
}

void worker::end_turn(fiber& self) noexcept {
  worker& here = *current();
  const std::uint32_t left = here.budget;
  here.trace_slice_end(self);
  here.in_hand_ = &self;
  leave(here, self, nullptr, after::nothing);
  here.budget = left;  // it is one slice
}

bool worker::wants_turn(clock::time_point now) const noexcept {
  // order: acquire — partner: wake_up().
  return !asleep_ || woken_.load(std::memory_order_acquire) || next_due() <= now;
}

bool worker::take_events() noexcept {
  if (reactor_->watched() == 0) return false;
  resumption_list ready;
  const reactor::harvest found = reactor_->poll(clock::time_point::min(), ready);
  counters_.polls.add();
  counters_.events.add(found.events);
  return found.events != 0;
}

void worker::wake_up() noexcept {
  if (!simulated_) return reactor_->wake_up();
  // order: release — partner: wants_turn(), take_turn(); another thread may be the waker.
  woken_.store(true, std::memory_order_release);
}

/// Returns the same fibers in an order that the policy has chosen: their time-outs came at once.
parker* worker::shuffled(parker* first) noexcept {
  std::array<parker*, timer_wheel::most_per_advance> all;
  std::uint32_t count = 0;
  for (parker* each = first; each != nullptr; each = each->next_resumed) all[count++] = each;
  parker** link = &first;
  for (parker** begin = all.data(); count > 0; ++begin, --count) {
    if (count > 1) std::swap(*begin, begin[owner_.choices()->choose(count)]);
    *link = *begin;
    link = &(*begin)->next_resumed;
  }
  *link = nullptr;
  return first;
}

}  // namespace heddle::detail
