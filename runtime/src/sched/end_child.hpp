// SPDX-License-Identifier: MIT
// The end of a group's child: the runner's side of group_core.hpp.
#pragma once

namespace heddle::detail {

struct child_core;
struct group_core;
struct task_core;
class worker;

/// Gives up a share of a child. Returns whether it was the last: the caller frees the core.
bool gives_up_last_share(child_core& child) noexcept;

/// Ends a child whose outcome is stored: out of its group's members, a failure into the group's
/// list, the siblings cancelled. Neither core nor group is touched afterwards.
void end_child(task_core& core, worker& here) noexcept;

/// Counts one down who kept the group from being joined; the last one opens the join.
void end_pending(group_core& group) noexcept;

}  // namespace heddle::detail
