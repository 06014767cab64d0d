// SPDX-License-Identifier: MIT
// Groups: the owner's side (make, spawn, join, end), the body's, and the child's end.
#include <heddle/runtime/task_group.hpp>

#include <heddle/runtime/detail/fork_core.hpp>

#include "base/assert.hpp"
#include "fiber/cancel_domain.hpp"
#include "fiber/fiber.hpp"
#include "sched/cancel.hpp"
#include "sched/end_child.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"
#include "scope/group.hpp"
#include "wait/waiting.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace heddle::detail {

namespace {

constexpr wait_kind group_kind{"the children of task_group"};

void link(group_core& group) noexcept {
  cancel_domain& groups = *group.domain;
  const std::lock_guard guard(groups.lock);
  group.next = std::exchange(groups.first, &group);
  if (group.next != nullptr) group.next->previous = &group;
}

/// Takes the group out of its domain, which ends if the fiber has, and no other group is left.
void unlink(group_core& group) noexcept {
  cancel_domain& groups = *group.domain;
  bool last = false;
  {
    const std::lock_guard guard(groups.lock);
    (group.previous != nullptr ? group.previous->next : groups.first) = group.next;
    if (group.next != nullptr) group.next->previous = group.previous;
    last = groups.outlives_fiber && groups.first == nullptr;
  }
  if (last) delete &groups;
}

/// Waits until the children have ended. Returns false if that was cancelled.
bool wait_for_children(group_core& group, cancellation mode) noexcept {
  const auto over = [&group]() noexcept { return group.all_ended; };
  return group.ended.wait_unless_nothrow(over, {}, mode, {group_kind, &group}) !=
         wake_reason::cancelled;
}

/// Runs the children that the group keeps, one after the other. What is left when the caller is
/// cancelled is left to the loop.
void run_kept(fiber& self, group_core& group, cancellation mode) noexcept {
  if (self.keeps_in != &group) return;
  worker::begin_kept(self, {group_kind, &group});
  do {
    if (worker::current()->in_turns) end_turn();  // what it is about to take may be stolen first
    const bool asked = self.attention.load(std::memory_order_relaxed) != 0;
    if (asked && mode == cancellation::deliver && is_cancelled(self, floor_now(self))) {
      return worker::current()->leave_nest();
    }
  } while (worker::run_kept(self, group, mode));
}

/// Runs the children that it keeps, if the caller may, and gives up the owner's part in `pending`.
/// Returns whether children are left.
bool begin_join(group_core& group, cancellation mode) noexcept {
  group.joined = true;
  if (fiber* const self = worker::current_fiber(); self != nullptr && has_made(*self, group)) {
    run_kept(*self, group, mode);
  }
  const std::uint32_t mine = std::exchange(group.joiner_has_last, false) ? 2 : 1;
  // order: acq_rel — what the children did; partner: end_pending().
  return group.pending.fetch_sub(mine, std::memory_order_acq_rel) != mine;
}

/// Whoever opened `ended` may still hold its lock: whoever has taken that once may end the group.
void let_the_last_go(group_core& group) noexcept {
  group.ended.wait_unless_nothrow([]() noexcept { return true; });
}

/// Whether the caller is a child of the group: it would wait for its own end.
bool is_own_child(const group_core& group) noexcept {
  const fiber* const self = worker::current_fiber();
  if (self == nullptr || self->task == nullptr) return false;
  const task_core& core = *self->task;
  return is_set(core.state.load(std::memory_order_relaxed), task_core::child) &&
         static_cast<const child_core&>(core).group == &group;
}

bool body_failed_first(const group_core& group) noexcept {
  return group.body_failure != nullptr && group.failures_before_body == 0;
}

/// Says that a new group is cancelled from its beginning. Whoever cancels what is around it may
/// have found it by now, and be here at the same time.
void begin_cancelled(group_core& group, cancel_reason why) noexcept {
  const std::lock_guard guard(group.lock);
  if (group.cancelled.load(std::memory_order_relaxed)) return;
  group.reason = std::move(why);
  // order: release — the reason; partner: reason_to_leave().
  group.cancelled.store(true, std::memory_order_release);
}

/// Begins a fork's group as cancelled if something around the fork is. What is around it stays as
/// it is until the call ends, whatever its caller has entered meanwhile, so any thread may look.
void hear_what_is_around(group_core& group, const fork_core& fork) noexcept {
  const fiber& caller = *fork.caller;
  for (const scope_frame* each = fork.scope; each != nullptr && each->depth >= fork.floor;
       each = each->outer) {
    // order: seq_cst — the link, then the flag; partner: finish_request(): flag, then the groups.
    if ((each->word.load(std::memory_order_seq_cst) & scope_frame::cancelled) != 0) {
      return begin_cancelled(group, each->reason);
    }
  }
  // order: seq_cst — as above; partner: raise_deepest().
  const std::uint32_t heard = caller.attention.load(std::memory_order_seq_cst);
  const bool task_is_cancelled = fork.floor == 0 && (heard & fiber::cancel) != 0;
  if (task_is_cancelled || deepest_cancelled_fork(caller, fork.depth, fork.floor) != nullptr) {
    begin_cancelled(group, {"the caller of fork_join was cancelled", nullptr});
  }
}

}  // namespace

cancel_domain& domain_of(fiber& self) {
  cancel_domain* groups = self.domain.load(std::memory_order_relaxed);
  if (groups == nullptr) {
    groups = new cancel_domain;
    // order: seq_cst — the domain, then m; partner: add_groups_of().
    self.domain.store(groups, std::memory_order_seq_cst);
  }
  return *groups;
}

group_core::group_core() {
  fiber* const self = worker::current_fiber();
  if (self == nullptr) return;
  // Its children are to hear what it hears: so it must be known to its own group.
  if ((self->attention.load(std::memory_order_relaxed) & fiber::unchecked) != 0) {
    is_cancelled(*self, nothing_heard);
  }
  if (self->unarmed != nullptr) arm_deadlines(*self);
  domain = &domain_of(*self);
  maker = self;
  of_task = self->task->id;
  depth = self->depth;
  floor = floor_now(*self);
  self->deepest_group = std::max(self->deepest_group, depth);
  link(*this);
  // order: seq_cst — the link, then m; partner: add_groups_of(): m, then the list.
  if (fiber::deepest_cancelled(self->attention.load(std::memory_order_seq_cst)) > floor) {
    begin_cancelled(*this, reason_to_leave(*self, floor));
  }
}

group_core::group_core(const fork_core& fork) noexcept
    : forker(fork.caller),
      domain(fork.caller->domain.load(std::memory_order_relaxed)),
      of_task(fork.caller->task->id),
      depth(fork.depth),
      floor(fork.floor) {
  link(*this);
  hear_what_is_around(*this, fork);
}

group_core::~group_core() {
  if (!joined) {
    HEDDLE_ASSERT(!is_own_child(*this), "~task_group: a child would wait for its own end");
    cancel_group(*this, "its group has ended");
    if (begin_join(*this, cancellation::shield)) {
      wait_for_children(*this, cancellation::shield);
      let_the_last_go(*this);
    }
    for (child_core* each = first_failed; each != nullptr;) {
      report_failure(*each);
      each = static_cast<child_core*>(each->next);
    }
  }
  if (domain != nullptr) {
    unlink(*this);
    spin_until(busy, [](std::uint32_t seen) { return seen == 0; });
  }
  while (first_failed != nullptr) {
    drop_share(*std::exchange(first_failed, static_cast<child_core*>(first_failed->next)));
  }
}

void submit_child(group_core& group, child_core& core) {
  core.group = &group;
  if (worker* const here = worker::current(); here != nullptr && here->keep(group, core)) return;
  if (!add_pending(group)) {
    throw std::logic_error("heddle::task_group::spawn: the group has been joined");
  }
  try {
    submit(core);
  } catch (...) {
    end_pending(group);
    throw;
  }
}

spawn_site site_of_caller() noexcept {
  const fiber* const self = worker::current_fiber();
  return self == nullptr ? spawn_site{} : spawn_site{self->task->file, self->task->line};
}

void drop_share(child_core& core) noexcept {
  if (worker* const here = worker::current(); here != nullptr && here->drops_share_of_kept(core)) {
    return;
  }
  if (gives_up_last_share(core)) release_unwanted(core);
}

child_core& ended_child(child_core* core) {
  if (core == nullptr) {
    throw std::logic_error("heddle::subtask::get: its result was taken, or it was moved from");
  }
  if (!is_done(*core)) {
    throw std::logic_error("heddle::subtask::get: the child has not ended: join the group first");
  }
  return *core;
}

void join_group(group_core& group) {
  if (group.joined) throw std::logic_error("heddle::task_group::join: joined already");
  if (is_own_child(group)) {
    throw std::logic_error("heddle::task_group::join: a child of the group would wait for itself");
  }
  bool was_cancelled = false;
  if (begin_join(group, cancellation::deliver)) {
    was_cancelled = !wait_for_children(group, cancellation::deliver);
    if (was_cancelled) {
      cancel_by_owner(group);
      wait_for_children(group, cancellation::shield);
    }
    let_the_last_go(group);
  }
  if (body_failed_first(group)) std::rethrow_exception(group.body_failure);
  if (group.first_failed != nullptr) {
    std::rethrow_exception(stored_failure(*group.first_failed));
  }
  if (was_cancelled) throw_if_cancelled(wake_reason::cancelled);
  // All have ended, but not all with a result, and not by themselves: as if it had been waited for.
  if (group.child_cancelled.load(std::memory_order_relaxed)) throw_if_cancelled();
}

void cancel_group(group_core& group, std::string_view reason) noexcept {
  cancel_list({reason, nullptr}).cancel(group);
}

void cancel_by_owner(group_core& group) noexcept {
  const fiber* const self = worker::current_fiber();
  cancel_reason why;
  if (self != nullptr) why = reason_to_leave(*self, floor_now(*self));
  if (why.text.empty()) why = {"its group's owner was cancelled", nullptr};
  cancel_list(std::move(why)).cancel(group);
}

void fail_body(group_core& group) noexcept {
  {
    const std::lock_guard guard(group.lock);
    group.body_failure = std::current_exception();
    group.failures_before_body = group.failures;
  }
  cancel_group(group, "the group's body has failed");
}

std::vector<std::exception_ptr> failures_of(group_core& group) {
  std::vector<std::exception_ptr> all;
  std::size_t count = 0;
  {
    const std::lock_guard guard(group.lock);
    count = group.failures;
  }
  all.reserve(count + 1);  // nothing is allocated under the lock; what fails meanwhile is left out
  const std::lock_guard guard(group.lock);
  const child_core* each = group.first_failed;
  for (std::size_t n = 0; n <= count; ++n) {
    if (group.body_failure != nullptr && n == group.failures_before_body) {
      all.push_back(group.body_failure);
    }
    if (each == nullptr || n == count) continue;
    all.push_back(stored_failure(const_cast<child_core&>(*each)));
    each = static_cast<const child_core*>(each->next);
  }
  return all;
}

group_body::group_body(group_core& group) : group_(&group) {
  if (worker::current_fiber() == nullptr) {
    throw std::logic_error(
        "heddle::task_group::run (map calls it) outside a fiber: spawn in fibers, and join() here");
  }
  if (is_own_child(group)) {
    throw std::logic_error("heddle::task_group::run: a child of the group would wait for itself");
  }
  if (group.joined) throw std::logic_error("heddle::task_group::run: joined already");
  if (group.body != nullptr) throw std::logic_error("heddle::task_group::run: it runs already");
  enter_scope(frame_);
  {
    const std::lock_guard guard(group.lock);
    group.body = &frame_;
    if (!group.cancelled.load(std::memory_order_relaxed)) return;
  }
  // It came before the body was known.
  if (begin_request(frame_)) finish_request(frame_, group.reason);
}

void group_body::leave() noexcept {
  group_core* const group = std::exchange(group_, nullptr);
  if (group == nullptr) return;
  {
    const std::lock_guard guard(group->lock);
    group->body = nullptr;
  }
  leave_scope(frame_);
}

void throw_body_cancelled() {
  throw task_cancelled("heddle::task_group::run: the body was cancelled before it had a value");
}

}  // namespace heddle::detail
