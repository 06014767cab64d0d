// SPDX-License-Identifier: MIT
// The seam for determinism: what a simulation decides in the place of the machine.
// A production runtime has none: a null pointer, tested on slow paths (clock, park, steal, timers,
// wake-ups of loops, select). A runtime with one has no threads: its loops take turns on the thread
// that runs it (src/sched/README.md, "Under a policy"). Invariants: (1) all time that fibers and
// loops see, and every choice among things of which either could come first, is asked for here, so
// the answers decide the run; (2) everything is called on the one thread, and nothing after
// finish(). Shipped for heddle::testing; not for users.
#pragma once

#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/error.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/socket_calls.hpp>
#include <heddle/runtime/stats.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace heddle::detail {

class registration;
struct task_core;

/// Tells whoever waits on a descriptor of the simulation, in the words of epoll.
void report_events(registration& entry, std::uint32_t epoll_events) noexcept;

class policy {
 public:
  virtual ~policy() = default;

  /// Returns the time that fibers and timers see.
  virtual clock::time_point now() noexcept = 0;

  /// Nothing can go on before `when`, which lies ahead: now() is to return it from here on.
  virtual void pass_time(clock::time_point when) noexcept = 0;

  /// Returns a number below `bound`: the victim to try first, the case of a select, the next of the
  /// timers that are due. 0 is what comes first by itself.
  virtual std::uint32_t choose(std::uint32_t bound) noexcept = 0;

  /// Returns which of `ready`, the loops that could go on, in ascending order, takes the next turn.
  virtual unsigned choose_loop(std::span<const unsigned> ready) noexcept = 0;

  /// The task `who` is at a suspension point that hears cancellation, about to wait for `what`, if
  /// it says so. What is cancelled in here, it hears. At most one call for each wait, yield and
  /// checkpoint, two for a join.
  virtual void suspension_point(task_core& who, wait_subject what) noexcept = 0;

  /// A loop is about to take a turn, no fiber runs. Fibers may be cancelled and woken.
  virtual void between_turns() noexcept = 0;

  /// Returns who answers the socket calls of fibers.
  virtual socket_calls& sockets() noexcept = 0;
  /// From now on `entry` is told of events of `fd`, a descriptor of the simulation.
  virtual void watch(int fd, registration& entry) = 0;
  virtual void unwatch(int fd) noexcept = 0;

  /// Returns when something happens next outside of the fibers; time_point::max() if nothing does.
  virtual clock::time_point next_event() noexcept = 0;
  /// Lets something happen that is due, if there is anything. It may wake fibers.
  virtual bool run_event() noexcept = 0;

  /// Something has happened; the time is now(). At the last slice_end of a task it has an outcome,
  /// and is not yet freed.
  virtual void note(unsigned loop, trace_kind what, fiber_id who, std::uint32_t arg) noexcept = 0;

  /// Returns whether the turns since time passed last are more than a program that ends would take.
  virtual bool is_endless() noexcept = 0;

  enum class stop_kind : std::uint8_t { deadlock, endless };
  /// The program cannot end; all its fibers are cancelled next. `fibers` describes them.
  virtual void stopped(stop_kind why, std::string fibers) noexcept = 0;

  /// Cancelled, it cannot end either: fibers wait, shielded, for what nobody will do. They are
  /// never run again, and what is left of the runtime, at `rest`, is not freed.
  virtual void abandoned(std::string fibers, void* rest) noexcept = 0;

  /// The main task is done. `fibers` lists what it has left running, which is cancelled next, empty
  /// if there is nothing; `timers` counts what is armed. Not called after stopped().
  virtual void left_behind(std::string fibers, std::size_t timers) noexcept = 0;

  /// Everything has ended. `touched`: a thread that is not the simulation's has spawned a task, or
  /// woken a fiber. Errors: what is to be thrown in the place of the main task's outcome.
  virtual void finish(bool touched) = 0;
};

}  // namespace heddle::detail
