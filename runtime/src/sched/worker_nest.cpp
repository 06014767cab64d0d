// SPDX-License-Identifier: MIT
// Children that stay with their group until its maker joins it, or leaves its stack. Steps N1 to
// N6: README.md, "Nests". What the group's owner does: scope/task_group.cpp.
#include "sched/cancel.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <new>
#include <utility>

namespace heddle::detail {

/// Whether a fiber that keeps nothing now may keep children in this group. Later ones may follow as
/// long as it spawns nothing else, and does not leave its stack.
bool worker::may_begin_to_keep(const fiber& maker, const group_core& group) const noexcept {
  const bool made_it = &maker == group.maker && maker.task->id == group.of_task;
  const bool may_have_older_in_deque = maker.spawned_on == this
                                           ? maker.latest_spawn >= deque_.oldest_index()
                                           : maker.spawned_on != nullptr && !deque_.maybe_empty();
  return made_it && maker.keeps_in == nullptr && maker.pinned_to == nullptr &&
         !may_have_older_in_deque;
}

bool worker::keep(group_core& group, child_core& child) noexcept {
  fiber* const maker = running();
  if (maker == nullptr || maker->storage != nullptr || child.extras() != nullptr ||
      owner_.hindered() || nest_.size() >= nest_room) [[unlikely]] {
    return false;
  }
  if (maker->keeps_in != &group && !may_begin_to_keep(*maker, group)) return false;
  if (next_id_ == ids_end_) take_ids();
  child.id = fiber_id{next_id_++};
  counters_.spawned.publish();  // before it can run
  if (!nest_.keep(group, child)) [[unlikely]] {
    counters_.finished.publish();
    return false;
  }
  maker->keeps_in = &group;
  if (shared_ && owner_.idle.worth_waking()) call_for_help();
  return true;
}

void worker::leave_nest() noexcept {
  const group_chain left = nest_.take_all();
  for (group_core* group = left.outermost; group != nullptr;) {
    // Once its children are in the deque the group may end.
    group_core* const inner = group->inner;
    fiber& maker = *group->maker;
    maker.keeps_in = nullptr;
    child_core* child = std::exchange(group->first_kept, nullptr);
    std::uint32_t more = 0;
    for (const job* each = child->next; each != nullptr; each = each->next) ++more;
    // order: relaxed — the group has one for what it keeps.
    group->pending.fetch_add(more, std::memory_order_relaxed);
    while (child != nullptr) {
      child_core& next = *std::exchange(child, static_cast<child_core*>(child->next));
      try {
        note_spawn(maker, deque_.push(&next));
      } catch (const std::bad_alloc&) {
        owner_.inject.push(next);  // linked through the task itself: needs no memory
      }
    }
    group = inner;
  }
  if (shared_ && owner_.idle.worth_waking() && deque_.size() > 1) wake_one();
}

job* worker::take_kept_of(worker& victim) noexcept {
  child_core* const child = victim.nest_.steal();
  if (child == nullptr) return nullptr;
  victim.branches_taken_.fetch_add(1, std::memory_order_relaxed);
  child->stolen = true;
  counters_.stolen.add();
  return child;
}

void worker::begin_kept(fiber& self) noexcept {
  self.keeps_in = nullptr;
  // Who gives way goes on on any loop; whoever has joined this task by a direct switch may be
  // pinned, and may have a time-out: it waits as anybody does.
  const fiber* const joiner = self.claimed_by;
  if (joiner != nullptr && joiner->runs_child_of == nullptr) current()->settle_claims(self);
}

bool worker::run_kept(fiber& self, group_core& group) noexcept {
  worker& here = *current();
  if (here.warm_count() == 0 && !here.finds_stacks()) {
    here.leave_nest();  // the children wait for a stack as all tasks do
    return false;
  }
  child_core* const child = here.nest_.take(group);
  if (child == nullptr) return false;
  if (!here.branches_.maybe_empty()) [[unlikely]]
    here.leave_branches();
  fiber& runner = *here.prepare_task(*child);
  here.counters_.claimed.add();
  self.runs_child_of = &group;
  runner.claimed_by = &self;
  here.trace_slice_end(self);
  leave(here, self, &runner, after::nothing);
  self.runs_child_of = nullptr;
  if (self.aside.outermost != nullptr) current()->nest_.put_back(std::exchange(self.aside, {}));
  return true;
}

/// Has a joiner wait for its turn, with its nest.
void worker::give_way(fiber& joiner) noexcept {
  nest_left_ = deque_burst;
  // Or whoever only spawns and joins, and never parks, would not hear of its time-outs.
  if (joiner.unarmed != nullptr) arm_deadlines(joiner);
  if (joiner.runs_child_of != nullptr) {
    if (picks_left_ <= 0 && maybe_idle()) {
      gives_way_ = &joiner;
      return;
    }
    joiner.aside = nest_.take_all();
  }
  make_ready(joiner);
}

/// On the root: returns whoever has given way, if nothing else is to be done; null if it waits for
/// its turn now.
fiber* worker::after_giving_way() noexcept {
  fiber& joiner = *std::exchange(gives_way_, nullptr);
  if (maybe_idle() && !starves()) return &joiner;
  joiner.aside = nest_.take_all();
  make_ready(joiner);
  return nullptr;
}

}  // namespace heddle::detail
