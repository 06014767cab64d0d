// SPDX-License-Identifier: MIT
// Entering and leaving a shield: a depth of its own, below which nothing is heard. The library
// itself stands in one while it calls what a user has left it: hooks, destructors of results.
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/detail/group_core.hpp>

#include "fiber/cancel_domain.hpp"
#include "fiber/fiber.hpp"
#include "sched/cancel.hpp"
#include "sched/worker.hpp"

#include <mutex>
#include <utility>

namespace heddle::detail {

void surface_groups(fiber& self) noexcept {
  cancel_domain& groups = *self.domain.load(std::memory_order_relaxed);
  std::lock_guard guard(groups.lock);
  for (group_core* each = groups.first; each != nullptr; each = each->next) {
    // Not written without need: who cancels a fork's group, which never surfaces, reads it.
    if (each->depth > self.depth) each->depth = self.depth;
  }
  self.deepest_group = self.depth;
}

shield_guard::shield_guard(std::nothrow_t) noexcept : self(worker::current_fiber()) {
  if (self == nullptr) return;
  depth_before = self->depth;
  due_before = std::exchange(self->due, nullptr);
  const bool has_room = depth_before < deepest_allowed;
  if (has_room) ++self->depth;
  shield_before = std::exchange(self->shield, has_room ? self->depth : nothing_heard);
}

shield_guard::~shield_guard() {
  if (self == nullptr) return;
  self->depth = depth_before;
  if (self->deepest_group > depth_before) surface_groups(*self);
  self->shield = shield_before;
  self->due = due_before;
}

}  // namespace heddle::detail
