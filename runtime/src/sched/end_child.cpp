// SPDX-License-Identifier: MIT
// The end of a group's child.
#include "sched/end_child.hpp"

#include <heddle/runtime/detail/group_core.hpp>

#include "sched/cancel.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"

#include <mutex>
#include <utility>

namespace heddle::detail {

namespace {

void fail_group(group_core& group, child_core& child) noexcept {
  child.shares.fetch_add(1, std::memory_order_relaxed);  // the group's
  child.next = nullptr;
  {
    const std::lock_guard guard(group.lock);
    if (group.last_failed == nullptr) {
      group.first_failed = &child;
    } else {
      group.last_failed->next = &child;
    }
    group.last_failed = &child;
    ++group.failures;
  }
  cancel_list({"a sibling failed", nullptr}).cancel(group);
}

/// Gives up the runner's share. A result that nobody wants ends here, and its destructor may wait.
void drop_runners_share(fiber& self, child_core& child) noexcept {
  if (!gives_up_last_share(child)) return;
  if (!leaves_nothing_to_destroy(child)) [[unlikely]] {
    // It has left the group, or was never a member: its first wait must not make it one.
    self.attention.fetch_and(~fiber::unchecked, std::memory_order_relaxed);
  }
  end_unwanted(self, child);
}

}  // namespace

bool gives_up_last_share(child_core& child) noexcept {
  // order: acquire — partner: the others who had a share.
  return child.shares.load(std::memory_order_acquire) == 1 ||
         child.shares.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

fiber* end_child(task_core& core, worker& here) noexcept {
  auto& child = static_cast<child_core&>(core);
  group_core& group = *child.group;
  fiber& self = *here.running();
  if (self.member_of != nullptr) leave_group(self);
  if (child.outcome == task_outcome::failure) fail_group(group, child);
  // order: relaxed — read after end_pending().
  if (child.outcome == task_outcome::cancelled) {
    group.child_cancelled.store(true, std::memory_order_relaxed);
  }
  here.count_finished();  // before anybody can see the end
  // order: release — the outcome, for whoever sees done: subtask::done() may, before the join.
  child.stage.store(task_stage::done, std::memory_order_release);
  drop_runners_share(self, child);
  fiber* const maker = std::exchange(self.claimed_by, nullptr);
  if (maker == nullptr) end_pending(group);
  return maker;
}

bool add_pending(group_core& group) noexcept {
  std::uint32_t seen = group.pending.load(std::memory_order_relaxed);
  do {
    if (seen == 0) return false;
    // order: relaxed — the caller is in the group, or its owner: it does not end.
  } while (!group.pending.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed,
                                                std::memory_order_relaxed));
  return true;
}

void end_pending(group_core& group) noexcept {
  // order: acq_rel — partner: begin_join(); the last one has seen what all others did.
  if (group.pending.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  group.ended.wake_all(wake_reason::event, [&group]() noexcept { group.all_ended = true; });
}

}  // namespace heddle::detail
