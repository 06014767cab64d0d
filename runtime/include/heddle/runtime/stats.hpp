// SPDX-License-Identifier: MIT
// What a runtime counted, and what its event rings recorded: plain values, copied out while it
// runs. Invariants: (1) counters only grow; gauges say so; (2) reading them never stops a loop.
#pragma once

#include <heddle/runtime/error.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace heddle {

/// Counts of one loop since its start.
struct loop_stats {
  std::uint64_t slices = 0;         ///< times a fiber or task was run
  std::uint64_t spawned = 0;        ///< tasks spawned by fibers of this loop
  std::uint64_t finished = 0;       ///< tasks that ended on this loop
  std::uint64_t claimed = 0;        ///< tasks run by their joiner's direct switch
  std::uint64_t stolen = 0;         ///< jobs taken from other loops' queues
  std::uint64_t stolen_timers = 0;  ///< due timers fired for another loop
  std::uint64_t stolen_events = 0;  ///< readiness events harvested for another loop
  std::uint64_t injected = 0;       ///< jobs taken from the global queue
  std::uint64_t wakeups = 0;        ///< parked loops woken by this one
  std::uint64_t parks = 0;          ///< times this loop slept
  std::uint64_t polls = 0;          ///< times it asked its epoll set
  std::uint64_t events = 0;         ///< readiness events it harvested
  std::uint64_t timers = 0;         ///< timers it fired
  std::uint64_t searches = 0;       ///< rounds over the other loops
};

/// Counts of a runtime.
struct runtime_stats {
  std::vector<loop_stats> loops;
  std::uint64_t live_tasks = 0;        ///< gauge: spawned and not ended
  std::uint64_t stacks = 0;            ///< gauge: stacks mapped
  std::uint64_t stacks_in_use = 0;     ///< gauge: stacks that hold a started fiber
  std::uint64_t unguarded_stacks = 0;  ///< stacks without a guard page
  std::uint64_t unhandled_errors = 0;  ///< errors handed to on_unhandled

  /// Returns the sums over all loops.
  loop_stats total() const;
};

/// Says what a trace_record tells.
enum class trace_kind : std::uint8_t {
  slice_begin,  ///< fiber starts or goes on; arg: 1 if it was stolen from another loop
  slice_end,    ///< fiber parks, yields or ends
  park,         ///< loop goes to sleep
  unpark,       ///< loop wakes
  steal,        ///< loop took jobs; arg: from which loop
};

/// One record of a loop's event ring.
struct trace_record {
  std::chrono::nanoseconds since_start{0};  ///< since the runtime started
  fiber_id id = fiber_id::none;
  std::uint32_t arg = 0;
  trace_kind kind = trace_kind::slice_begin;
};

}  // namespace heddle
