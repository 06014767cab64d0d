// SPDX-License-Identifier: MIT
// A request on its way down: from a scope to the groups that were made in it, their children, and
// the groups that those have made. No recursion: a worklist, linked through the groups.
#include <heddle/runtime/detail/group_core.hpp>

#include "fiber/cancel_domain.hpp"
#include "fiber/fiber.hpp"
#include "sched/cancel.hpp"
#include "sched/resume.hpp"

#include <mutex>
#include <utility>

namespace heddle::detail {

namespace {

/// Tells a member; returns whether it must be resumed: it stays where it is until then.
bool claim(fiber& member) noexcept {
  visit_if_foreign visit(member);
  raise_deepest(member, 0);
  if (member.word.cancel_current(0) != wake_word::claim_result::won_parked) return false;
  visit.keep();
  return true;
}

}  // namespace

const group_core* deepest_cancelled_fork(const fiber& caller, scope_depth below,
                                         scope_depth from) noexcept {
  cancel_domain* const groups = caller.domain.load(std::memory_order_relaxed);
  if (groups == nullptr) return nullptr;
  const group_core* deepest = nullptr;
  const std::lock_guard guard(groups->lock);
  for (const group_core* each = groups->first; each != nullptr; each = each->next) {
    const bool around = each->forker == &caller && each->depth < below && each->depth >= from;
    // order: seq_cst — m, or a link, and then the flag; partner: cancel(): flag, then both.
    if (!around || !each->cancelled.load(std::memory_order_seq_cst)) continue;
    if (deepest == nullptr || each->depth > deepest->depth) deepest = each;
  }
  return deepest;
}

cancel_list::~cancel_list() {
  while (first_ != nullptr) {
    group_core& next = *std::exchange(first_, first_->next_queued);
    cancel(next);
    // order: release — the last touch; partner: ~group_core().
    next.busy.fetch_sub(1, std::memory_order_release);
  }
}

void cancel_list::add_groups_of(fiber& maker, scope_depth depth) noexcept {
  // order: seq_cst — m, then the domain; partner: group_core(): the domain, then m.
  cancel_domain* const groups = maker.domain.load(std::memory_order_seq_cst);
  if (groups == nullptr) return;
  const std::lock_guard guard(groups->lock);
  for (group_core* each = groups->first; each != nullptr; each = each->next) {
    const bool inside = each->of_task == maker.task->id && each->depth >= depth;
    if (!inside || each->floor > depth || each->queued) continue;
    each->queued = true;
    each->busy.fetch_add(1, std::memory_order_relaxed);
    each->next_queued = std::exchange(first_, each);
  }
}

void cancel_list::cancel(group_core& group) noexcept {
  parker* woken = nullptr;
  scope_frame* body = nullptr;
  {
    const std::lock_guard guard(group.lock);
    if (group.cancelled.load(std::memory_order_relaxed)) return;
    group.reason = why_;
    // order: seq_cst — releases the reason; and the flag, then a forker's m; partner:
    // deepest_cancelled_fork().
    group.cancelled.store(true, std::memory_order_seq_cst);
    for (fiber* each = group.members; each != nullptr; each = each->next_member) {
      if (claim(*each)) each->next_resumed = std::exchange(woken, each);
      add_groups_of(*each, 0);
    }
    if (group.body != nullptr && begin_request(*group.body)) body = group.body;
  }
  while (woken != nullptr) {
    parker& next = *std::exchange(woken, woken->next_resumed);
    const auto visit = visit_if_foreign::kept(next);
    resume_parker(next);
  }
  if (body != nullptr) finish_request(*body, why_);
  // It stays in the call for as long as the group stands.
  if (group.forker != nullptr) tell(*group.forker, group.depth);
}

void enter_group(fiber& self) noexcept {
  group_core& group = *static_cast<child_core*>(self.task)->group;
  const std::lock_guard guard(group.lock);
  self.member_of = &group;
  self.previous_member = nullptr;
  self.next_member = std::exchange(group.members, &self);
  if (self.next_member != nullptr) self.next_member->previous_member = &self;
  if (group.cancelled.load(std::memory_order_relaxed)) raise_deepest(self, 0);
}

void leave_group(fiber& self) noexcept {
  group_core& group = *std::exchange(self.member_of, nullptr);
  const std::lock_guard guard(group.lock);
  (self.previous_member != nullptr ? self.previous_member->next_member : group.members) =
      self.next_member;
  if (self.next_member != nullptr) self.next_member->previous_member = self.previous_member;
}

}  // namespace heddle::detail
