// SPDX-License-Identifier: MIT
// The untyped part of task_group: its children that are alive, those that have failed, and where it
// hangs in the tree of scopes.
// Invariants: (1) pending counts the children that have not ended, and the owner until it joins;
// all children that it keeps count as one, and one that its maker runs in join() as none; whoever
// counts it down touches the group no more, but for the last, who opens `ended`; (2) a member is a
// child's fiber that has suspended, or made a group, and has not ended; (3) what is not atomic is
// under `lock`, but the place in the tree (the domain's lock), the place in a nest (its lock), and
// what the constructor wrote. Proof: src/scope/README.md, "Groups"; src/sched/README.md, "Nests".
#pragma once

#include <heddle/runtime/detail/scope_frame.hpp>
#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/detail/task_core.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>
#include <vector>

namespace heddle::detail {

struct cancel_domain;
struct fork_core;
struct group_core;

/// A task that a group has spawned. Freed by the last of three who share it: its runner, the
/// subtask, and, if it has failed, its group.
struct child_core : task_core {
  child_core(const task_operations& of, spawn_site where) noexcept : task_core(of, where, child) {}

  group_core* group = nullptr;
  std::atomic<std::uint8_t> shares{2};
};

struct group_core {
  group_core();
  /// For the branches of `fork` that were taken; by a taker, under the fork's lock.
  explicit group_core(const fork_core& fork) noexcept;
  ~group_core();
  group_core(const group_core&) = delete;
  group_core& operator=(const group_core&) = delete;

  spinlock lock;
  bool joined = false;     // the owner's
  bool all_ended = false;  // under the lock of `ended`
  std::atomic<bool> cancelled{false};
  std::atomic<std::uint32_t> pending{1};
  fiber* members = nullptr;
  child_core* first_failed = nullptr;  // in the order of failing, linked by job::next
  child_core* last_failed = nullptr;
  std::size_t failures = 0;
  std::atomic<bool> child_cancelled{false};  // some child has ended so
  std::exception_ptr body_failure;
  std::size_t failures_before_body = 0;
  scope_frame* body = nullptr;  // while run() is inside it
  fiber* forker = nullptr;      // of a fork: whose call, at `depth`, hears of cancel() too
  cancel_reason reason;
  wait_queue ended;

  // In a nest.
  fiber* maker = nullptr;            // whose task of_task may keep children; null: nobody may
  child_core* first_kept = nullptr;  // not started, in spawn order, linked by job::next
  child_core* last_kept = nullptr;   // if there is a first
  group_core* outer = nullptr;
  group_core* inner = nullptr;
  std::uint32_t kept = 0;  // how many
  bool joiner_has_last =
      false;  // the maker's: it runs the last child, and has its place in pending

  // In the tree.
  cancel_domain* domain = nullptr;  // of the fiber that made the group; null: a plain thread did
  group_core* next = nullptr;
  group_core* previous = nullptr;
  fiber_id of_task = fiber_id::none;
  scope_depth depth = 0;  // how many scopes were around
  scope_depth floor = 0;  // from which on they are heard
  bool queued = false;    // has been on somebody's worklist
  group_core* next_queued = nullptr;
  std::atomic<std::uint32_t> busy{0};  // worklists that it is on
};

/// Starts a child in the running fiber's runtime. Errors: std::logic_error outside a fiber or if
/// the group was joined, and as spawn.
void submit_child(group_core& group, child_core& core);

/// Returns where the running task was spawned; an unknown place on a plain thread. It stands for
/// the place of a call whose parameters leave no room for one (docs/adr/0012-spawn-site.md).
spawn_site site_of_caller() noexcept;

/// Gives up a share of a child.
void drop_share(child_core& core) noexcept;

/// Returns a child that has ended. Errors: std::logic_error if it has not, or there is none.
child_core& ended_child(child_core* core);

/// Waits for all children. Errors: rethrows the first failure; `cancelled`, after cancelling the
/// children and waiting for them; std::logic_error if joined already.
void join_group(group_core& group);

/// Cancels all children and the body.
void cancel_group(group_core& group, std::string_view reason) noexcept;

/// Cancels all children because the running fiber, whose group it is, leaves: for its reason.
void cancel_by_owner(group_core& group) noexcept;

/// Takes the exception that is being handled as the failure of the group's body; cancels the rest.
void fail_body(group_core& group) noexcept;

/// Returns all failures, in the order they happened.
std::vector<std::exception_ptr> failures_of(group_core& group);

/// Is in the scope in which a group's body runs.
class group_body {
 public:
  explicit group_body(group_core& group);
  ~group_body() { leave(); }
  group_body(const group_body&) = delete;
  group_body& operator=(const group_body&) = delete;

  void leave() noexcept;
  /// After leave(): returns whether `cancelled` was the group's own.
  bool takes() const noexcept { return takes_cancelled(frame_); }

 private:
  group_core* group_;
  scope_frame frame_;
};

[[noreturn]] void throw_body_cancelled();

}  // namespace heddle::detail
