// SPDX-License-Identifier: MIT
// Requests on their way to fibers: one fiber's scope (steps Q1 to Q4 of scope/README.md), and the
// groups that were made inside it.
#pragma once

#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/detail/timer.hpp>
#include <heddle/runtime/detail/wake_word.hpp>

#include <utility>

namespace heddle::detail {

class fiber;
struct group_core;
struct scope_frame;

/// How many scopes and shields may lie inside one another.
inline constexpr scope_depth deepest_allowed = nothing_heard - 1;

/// Puts groups that outlive the scope in which they were made into the one around it.
void surface_groups(fiber& self) noexcept;

/// Arms the timers of the scopes around a wait of `self`, on the calling thread's loop. Once a
/// scope: a call that does not park needs none.
void arm_deadlines(fiber& self) noexcept;

/// Says that the deadline has cancelled the scope. Returns false if it is cancelled already, or
/// about to be.
bool mark_late(scope_frame& frame) noexcept;

/// Takes down that the scope at `depth` is cancelled (Q2). For the fiber itself, and others.
void raise_deepest(fiber& inside, scope_depth depth) noexcept;

/// Has one fiber hear that its scope at `depth` is cancelled: now if it waits where that is heard,
/// else at its next suspension point. The caller keeps the fiber inside the scope until the return.
void tell(fiber& inside, scope_depth depth) noexcept;

/// Groups that are to be cancelled for one reason, and are when the list ends: so the list is made
/// before whatever holds a fiber in its scope, which is then held no longer than it takes to tell
/// it. Each group on it is pinned. No recursion, however deep the tree.
class cancel_list {
 public:
  explicit cancel_list(cancel_reason why) noexcept : why_(std::move(why)) {}
  ~cancel_list();
  cancel_list(const cancel_list&) = delete;
  cancel_list& operator=(const cancel_list&) = delete;

  /// Adds the groups that `maker` has made in its scope at `depth`. It is held there.
  void add_groups_of(fiber& maker, scope_depth depth) noexcept;
  /// Cancels a group that cannot end meanwhile; adds those that its members have made.
  void cancel(group_core& group) noexcept;

 private:
  cancel_reason why_;
  group_core* first_ = nullptr;
};

/// Returns the group of the deepest fork that `caller` is in, at a depth of `from` or more and less
/// than `below`, that is cancelled; null if there is none. The caller stays in these.
const group_core* deepest_cancelled_fork(const fiber& caller, scope_depth below,
                                         scope_depth from) noexcept;

/// m of `self`, the running fiber, becomes the depth of the deepest cancelled scope, or fork, of
/// those that are left (E3).
void lower_deepest(fiber& self) noexcept;

/// Tells the fiber, and adds the groups that it has made in that scope.
void ask_to_leave(fiber& inside, scope_depth depth, cancel_list& groups) noexcept;

/// Cancels the scopes whose timers a wheel has fired.
void cancel_due(timer* scopes) noexcept;

/// Begins to cancel a scope, from any thread (Q1): it stays until the request has been finished.
/// Returns false if somebody else has begun.
bool begin_request(scope_frame& frame) noexcept;
void finish_request(scope_frame& frame, cancel_reason why) noexcept;

/// Makes the running fiber, which is about to suspend for the first time in this task, a member of
/// the group whose child it runs; takes down what the group was told before.
void enter_group(fiber& self) noexcept;

/// Takes a fiber that ends its task out of its group.
void leave_group(fiber& self) noexcept;

}  // namespace heddle::detail
