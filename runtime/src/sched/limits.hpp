// SPDX-License-Identifier: MIT
// The scheduler's numbers. The fairness bound in README.md is computed from them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace heddle::detail {

/// Tasks taken from the deque in a row before the fifo has its turn.
inline constexpr int deque_burst = 8;
/// Children that a group keeps, at most.
inline constexpr std::uint32_t most_kept = 256;
/// How long a join may run children, eight at a time, where anything else waits on its loop.
inline constexpr std::chrono::nanoseconds join_turn = std::chrono::microseconds{20};
/// After how long a join that always has children to run lets the oldest of an outer join begin: at
/// first, and at most, as it doubles. At 1 ms a tree of groups took half as long again.
inline constexpr std::chrono::nanoseconds join_patience = std::chrono::milliseconds{10};
inline constexpr std::chrono::nanoseconds most_join_patience = std::chrono::seconds{1};
/// Picks between two visits to the root: global queue, timers, epoll.
inline constexpr int poll_interval = 64;
/// The same in a simulation: one pick, and one that finds the turn over.
inline constexpr int picks_of_a_turn = 2;
/// Jobs taken from the global queue at once.
inline constexpr std::size_t inject_batch = 32;
/// Operations of one slice that need not wait before the fiber is made to yield.
inline constexpr std::uint32_t slice_budget = 128;
/// Fibers that a thief moves at once, at most.
inline constexpr int steal_batch = 32;
/// Tasks that a thief takes in a row, at most, if they are short, and how long such a row takes, if
/// they are as short as the last ones.
inline constexpr int task_batch = 32;
inline constexpr std::chrono::nanoseconds batch_time = std::chrono::microseconds{8};
/// What a short task takes, with its theft.
inline constexpr std::chrono::nanoseconds short_task = std::chrono::microseconds{1};
/// How many short tasks a thief waits for that comes back.
inline constexpr int tasks_worth_a_way = 8;
/// When tasks that a thief still has not begun are taken over by others.
inline constexpr std::chrono::nanoseconds longest_hold = std::chrono::milliseconds{1};
/// Fibers a loop keeps warm for itself, and how many it moves to or from the pool at once.
inline constexpr std::size_t warm_fibers = 64;
inline constexpr std::size_t warm_batch = 16;
/// How long a parked loop sleeps whose tasks wait for a stack.
inline constexpr std::chrono::nanoseconds stack_retry = std::chrono::milliseconds{1};
/// How long the sentinel sleeps at a time, and a slice may last before it is helped.
inline constexpr std::chrono::nanoseconds sentinel_tick = std::chrono::milliseconds{1};
/// Between two looks at the pool for stacks that are not needed.
inline constexpr std::chrono::nanoseconds decay_interval = std::chrono::milliseconds{250};
/// How long all loops are parked with nothing pending before that is reported.
inline constexpr std::chrono::nanoseconds stall_after = std::chrono::seconds{1};
/// Task blocks in a magazine; a loop keeps at most two magazines a size class.
inline constexpr std::size_t magazine_blocks = 128;
/// Full magazines that all loops together keep, a size class: a million blocks.
inline constexpr std::size_t depot_magazines = 8192;

}  // namespace heddle::detail
