// SPDX-License-Identifier: MIT
// Branches of fork_join on their way to other loops: offered, left behind, taken. Steps:
// scope/README.md, "Fork and join". What their caller does: scope/fork_join.cpp.
#include "fiber/task_storage.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <heddle/runtime/detail/fork_core.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>

namespace heddle::detail {

namespace {

/// As those of any such task, but that its room is in its caller's frame.
const task_operations operations_in_frame{branch::task::table.run,
                                          branch::task::table.destroy,
                                          branch::task::table.fail,
                                          payload_offset<branch::call, child_core>(),
                                          in_frame,
                                          true};

/// Returns what a child of `fork` begins with besides its call; null if that is nothing.
std::unique_ptr<spawn_extras> extras_for(const fork_core& fork) {
  if (fork.context == nullptr) return nullptr;
  auto extras = std::make_unique<spawn_extras>();
  extras->storage = std::make_unique<task_storage>();
  extras->storage->context = fork.context;
  return extras;
}

/// Makes the group if there is none, and counts a child.
void join_group_of(fork_core& fork) noexcept {
  const std::lock_guard guard(fork.lock);
  if (!fork.has_group) ::new (fork.group_room) group_core(fork);
  fork.has_group = true;
  fork.group().pending.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

/// A wake-up costs thousands of times what a branch costs that nobody takes. So the more of them
/// were in vain, the fewer are made: after each, so many offers pass, twice as many as before,
/// until somebody has come.
void worker::call_for_help() noexcept {
  if (--offers_before_wake_ > 0) return;
  const std::uint64_t taken = branches_taken_.load(std::memory_order_relaxed);
  constexpr std::uint32_t most = 4096;
  wake_gap_ = taken != seen_taken_ ? 1 : std::min(most, wake_gap_ * 2);
  seen_taken_ = taken;
  offers_before_wake_ = wake_gap_;
  wake_one();
}

void worker::leave_branches() noexcept {
  owner_.left_branches.append(branches_);
  if (owner_.idle.must_wake()) wake_one();
}

job* worker::take_branch_of(worker& victim) noexcept {
  branch* const one = victim.branches_.take_oldest();
  if (one == nullptr) return nullptr;
  victim.branches_taken_.fetch_add(1, std::memory_order_relaxed);
  return adopt(*one);
}

job* worker::take_left_branch() noexcept {
  branch* const one = owner_.left_branches.take();
  return one == nullptr ? nullptr : adopt(*one);
}

job* worker::adopt(branch& one) noexcept {
  fork_core& fork = *one.fork;
  std::unique_ptr<spawn_extras> extras;
  try {
    extras = extras_for(fork);
  } catch (const std::bad_alloc&) {
    owner_.left_branches.put_back(one);
    return nullptr;
  }
  join_group_of(fork);
  const task_core& of = *fork.caller->task;
  auto& child =
      *::new (one.task_room) branch::task(branch::call{&one}, spawn_site{of.file, of.line});
  child.operations = &operations_in_frame;
  child.group = &fork.group();
  child.shares.store(1, std::memory_order_relaxed);  // nobody has a subtask
  child.owned_extras.store(extras.release(), std::memory_order_relaxed);
  if (next_id_ == ids_end_) take_ids();
  child.id = fiber_id{next_id_++};
  counters_.spawned.publish();
  // order: release — the task and its place in the group; partner: fork_core::take_back().
  one.state.store(branch_state::taken, std::memory_order_release);
  return &child;
}

}  // namespace heddle::detail
