// SPDX-License-Identifier: MIT
// The end of a group's child: the runner's side of group_core.hpp.
#pragma once

namespace heddle::detail {

class fiber;
struct child_core;
struct group_core;
struct task_core;
class worker;

/// Gives up a share of a child. Returns whether it was the last: the caller frees the core.
bool gives_up_last_share(child_core& child) noexcept;

/// Ends a child whose outcome is stored: out of its group's members, a failure into the group's
/// list, the siblings cancelled. Neither core nor group is touched afterwards. May suspend, in a
/// destructor of the result's. Returns the maker that has run it in its join and goes on now; null
/// if there is none.
fiber* end_child(task_core& core, worker& here) noexcept;

/// Counts a child. Returns false if the group has ended: once 0, `pending` stays so, or another
/// who counts in vain would take this one's try for a child.
bool add_pending(group_core& group) noexcept;

/// Counts one down who kept the group from being joined; the last one opens the join.
void end_pending(group_core& group) noexcept;

}  // namespace heddle::detail
