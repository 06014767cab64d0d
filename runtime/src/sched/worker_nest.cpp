// SPDX-License-Identifier: MIT
// Children that stay with their group until its maker joins it, or leaves its stack. Steps N1 to
// N6: README.md, "Nests". What the group's owner does: scope/task_group.cpp.
#include "fiber/task_storage.hpp"
#include "sched/cancel.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <new>
#include <utility>

namespace heddle::detail {

namespace {

bool runs_on_any_stack(const spawn_extras& asked) noexcept {
  return asked.stack_bytes == 0 && asked.loop == spawn_extras::any_loop && !asked.pinned;
}

}  // namespace

/// Whether a fiber that keeps nothing now may keep children of a group. Later ones may follow as
/// long as it spawns nothing else, and does not leave its stack.
bool worker::may_begin_to_keep(fiber& maker) noexcept {
  // What another of its groups kept may have been stolen.
  if (maker.keeps_in != nullptr && !nest_.keeps_for(maker)) maker.keeps_in = nullptr;
  return maker.keeps_in == nullptr && maker.pinned_to == nullptr && !older_may_wait(maker);
}

bool worker::keep(group_core& group, child_core& child) {
  fiber* const maker = running();
  if (maker == nullptr || owner_.hindered()) [[unlikely]]
    return false;
  if (child.extras() != nullptr && !runs_on_any_stack(*child.extras())) [[unlikely]]
    return false;
  if (!has_made(*maker, group)) return false;
  if (maker->keeps_in != &group && !may_begin_to_keep(*maker)) return false;
  if (maker->storage != nullptr) [[unlikely]]
    inherit_context(child);
  if (next_id_ == ids_end_) take_ids();
  child.id = fiber_id{next_id_++};
  if (!nest_.keep(group, child, counters_.spawned)) [[unlikely]]
    return false;
  maker->keeps_in = &group;
  if (shared_ && owner_.idle.worth_waking()) call_for_help();
  return true;
}

void worker::stop_keeping(fiber& maker) noexcept {
  if (nest_.keeps_for(maker)) leave_nest();
  maker.keeps_in = nullptr;
}

void worker::leave_nest() noexcept {
  const group_chain left = nest_.take_all();
  for (group_core* group = left.outermost; group != nullptr;) {
    // Once its children are in the deque the group may end.
    group_core* const inner = group->inner;
    fiber& maker = *group->maker;
    maker.keeps_in = nullptr;
    child_core* child = std::exchange(group->first_kept, nullptr);
    const std::uint32_t children = std::exchange(group->kept, 0U);
    // order: relaxed — the group has one for all that it keeps.
    group->pending.fetch_add(children - 1, std::memory_order_relaxed);
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
  if (child != nullptr) victim.branches_taken_.fetch_add(1, std::memory_order_relaxed);
  return child;
}

void worker::begin_kept(fiber& self, wait_subject about) noexcept {
  self.keeps_in = nullptr;
  self.says(about);
  if (self.unarmed != nullptr) arm_deadlines(self);
  // Who gives way goes on on any loop; whoever has joined this task by a direct switch may be
  // pinned, and may have a time-out: it waits as anybody does.
  const fiber* const joiner = self.claimed_by;
  if (joiner != nullptr && joiner->runs_child_of == nullptr) current()->settle_claims(self);
}

bool worker::run_kept(fiber& self, group_core& group, cancellation mode) noexcept {
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
  self.join_mode = mode;
  runner.claimed_by = &self;
  self.status.store(fiber::state::parked, std::memory_order_relaxed);  // for dumps
  here.trace_slice_end(self);
  leave(here, self, &runner, after::nothing);
  self.status.store(fiber::state::runnable, std::memory_order_relaxed);
  self.runs_child_of = nullptr;
  if (self.aside.outermost != nullptr) current()->nest_.put_back(std::exchange(self.aside, {}));
  return true;
}

/// Whether anything else is to have its turn before a join that runs children goes on.
bool worker::join_is_over_time() noexcept {
  nest_left_ = deque_burst;
  if (maybe_idle()) {
    join_began_ = {};
    return false;
  }
  const clock::time_point now = clock::now();
  if (join_began_ == clock::time_point{}) join_began_ = now;
  return now - join_began_ >= join_turn;
}

/// Whether somebody below `joiner`, who has waited for a child since it looked last, is cancelled.
bool worker::is_asked_below(const fiber& joiner) noexcept {
  for (const fiber* each = joiner.claimed_by; each != nullptr; each = each->claimed_by) {
    const std::uint32_t asked =
        fiber::deepest_cancelled(each->attention.load(std::memory_order_relaxed));
    const bool hears = each->join_mode == cancellation::deliver;
    if (hears && asked > each->floor(each->saved.exceptions.uncaught_exceptions)) return true;
  }
  return false;
}

/// Has a joiner wait for its turn. Returns a child of an outer join that is to begin now; mostly
/// null.
child_core* worker::give_way(fiber& joiner) noexcept {
  nest_left_ = deque_burst;
  join_began_ = {};
  // Or whoever only spawns and joins, and never parks, would not hear of its time-outs; nor who
  // waits for it, and may be pinned, while it goes on elsewhere.
  if (joiner.unarmed != nullptr) arm_deadlines(joiner);
  if (joiner.runs_child_of == nullptr) {
    settle_claims(joiner);
    make_ready(joiner);
    return nullptr;
  }
  if (is_asked_below(joiner)) {
    leave_nest();
    settle_claims(joiner);
    make_ready(joiner);
    return nullptr;
  }
  child_core* const outer = nest_.take_out_of_turn(joiner, clock::now());
  if (outer == nullptr && picks_left_ <= 0 && maybe_idle()) {
    gives_way_ = &joiner;
    return nullptr;
  }
  joiner.aside = nest_.take_all();
  make_ready(joiner);
  return outer;
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
