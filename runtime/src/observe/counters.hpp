// SPDX-License-Identifier: MIT
// What one loop counts. Written by that loop only, read by anybody.
#pragma once

#include "base/cacheline.hpp"
#include "base/relaxed_counter.hpp"

namespace heddle::detail {

struct alignas(cacheline_bytes) loop_counters {
  relaxed_counter slices;
  relaxed_counter spawned;   // published: with finished it tells quiescence (sched/shutdown.cpp)
  relaxed_counter finished;  // published
  relaxed_counter claimed;
  relaxed_counter stolen;
  relaxed_counter taken_over;  // of the stolen, what a thief held for too long
  relaxed_counter stolen_timers;
  relaxed_counter stolen_events;
  relaxed_counter injected;
  relaxed_counter wakeups;
  relaxed_counter parks;
  relaxed_counter polls;
  relaxed_counter events;
  relaxed_counter timers;
  relaxed_counter searches;
  relaxed_counter outside_waits;       // fibers that began to wait for a descriptor or a pool here
  relaxed_counter outside_waits_over;  // and that went on here
};

}  // namespace heddle::detail
