// SPDX-License-Identifier: MIT
// One loop: its queues, its reactor and timers, and the choice of what runs next.
// The loop's thread has a root context (its own stack), where it polls, steals and parks; everything
// else happens on fibers' stacks, which switch to one another directly.
// Invariants: (1) what is not atomic is touched by the loop's thread alone; (2) a fiber that leaves its stack is
// dealt with (queued, committed as parked, pooled) only by after_arrival(), on the next stack;
// (3) a member function that switches must not use `this` afterwards: the fiber may be on another loop.
// Source files: worker.cpp (root), worker_switch.cpp (fibers), worker_steal.cpp (other loops), worker_park.cpp.
#pragma once

#include <heddle/runtime/config.hpp>
#include <heddle/runtime/detail/task_core.hpp>

#include "base/job_list.hpp"
#include "base/mpsc_stack.hpp"
#include "base/prng.hpp"
#include "fiber/context.hpp"
#include "fiber/fiber.hpp"
#include "observe/counters.hpp"
#include "observe/event_ring.hpp"
#include "reactor/reactor.hpp"
#include "sched/block_cache.hpp"
#include "sched/deque.hpp"
#include "sched/fifo.hpp"
#include "sched/limits.hpp"
#include "timer/wheel.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace heddle::detail {

class scheduler;

class worker : public thread_state {
 public:
  worker(scheduler& owner, unsigned index);
  ~worker();

  /// Returns the calling thread's loop; null on a plain thread.
  static worker* current() noexcept { return static_cast<worker*>(current_thread_state()); }
  /// Returns the running fiber; null on a plain thread and on a root context.
  static fiber* current_fiber() noexcept {
    worker* const here = current();
    return here == nullptr ? nullptr : here->running_;
  }

  // The root context (worker.cpp) -------------------------------------------------------------------
  /// Runs jobs on the calling thread until `until` is done, or, without it, until the runtime ends.
  void run(const task_core* until) noexcept;

  // On a fiber of this loop (worker_switch.cpp) --------------------------------------------------------
  void spawn(task_core& core);
  /// Leaves the running fiber, whose wait has begun; returns when somebody has ended that wait.
  static void park(fiber& self) noexcept;
  /// Lets other jobs go first.
  static void yield(fiber& self) noexcept;
  /// Runs `core` now, by a direct switch, if it waits here and nobody is overtaken. `self`'s wait has
  /// begun and is that task's join. Returns false if it did not.
  static bool claim(fiber& self, task_core& core) noexcept;
  /// Uses up one unit of the slice's budget. Returns false if there was none left.
  bool spend() noexcept { return budget_ != 0 && --budget_ != 0; }

  // From this loop -------------------------------------------------------------------------------------
  /// Queues a fiber that can go on, here; it is not bound to another loop.
  void make_ready(fiber& one) noexcept;
  /// Queues everything a reactor or wheel returned.
  void resume(parker* first) noexcept;

  // From anywhere ------------------------------------------------------------------------------------
  /// Queues a job that only this loop may run, and sees that the loop looks.
  void put_inbox(job& item) noexcept;
  void wake_up() noexcept { reactor_->wake_up(); }
  const std::shared_ptr<reactor>& events() const noexcept { return reactor_; }
  const loop_counters& counters() const noexcept { return counters_; }
  const event_ring* ring() const noexcept { return ring_.get(); }

  timer_wheel& timers() noexcept { return timers_; }
  block_cache& blocks() noexcept { return blocks_; }
  scheduler& owner() const noexcept { return owner_; }
  unsigned index() const noexcept { return index_; }
  fiber* running() const noexcept { return running_; }
  void count_finished() noexcept { counters_.finished.publish(); }

  /// What a fresh fiber runs: closures, one after the other.
  static void fiber_main(fiber& self);

 private:
  enum class after : std::uint8_t { nothing, yielded, parks, ended };

  // worker_switch.cpp
  job* pick() noexcept;
  job* pick_bound() noexcept;
  fiber* prepare(job& next) noexcept;
  fiber* prepare_next() noexcept;
  fiber* take_fiber(const task_core& core) noexcept;
  void pool(fiber& one) noexcept;
  void leave(fiber& self, fiber* to, after what) noexcept;
  void enter_from_root(fiber& to) noexcept;
  void after_arrival() noexcept;
  void begin_slice(fiber& one, bool stolen) noexcept;
  void trace_slice_end(const fiber& one) noexcept;
  void fail_unstarted(task_core& core) noexcept;
  bool claimable(fiber& self, task_core& core) noexcept;
  static void run_task(fiber& self) noexcept;

  // worker.cpp
  void take_injected() noexcept;
  void poll_and_fire() noexcept;
  void housekeeping() noexcept;
  void found_work() noexcept;
  bool finished(const task_core* until) const noexcept;
  void queue(job& item) noexcept;
  fiber_id next_id() noexcept;
  void trace(trace_kind kind, fiber_id id, std::uint32_t arg) noexcept;

  // worker_steal.cpp
  job* search() noexcept;
  job* steal_round() noexcept;
  job* steal_from(worker& victim) noexcept;
  bool help(worker& stuck, clock::time_point now) noexcept;
  void pass_tick_on() noexcept;
  bool help_stuck_loops() noexcept;
  bool is_stuck(clock::time_point now) noexcept;
  bool has_stealable() const noexcept;
  bool work_visible() const noexcept;
  void wake_one() noexcept;

  // worker_park.cpp
  void park_loop(const task_core* until) noexcept;
  bool anything_to_do() const noexcept;
  bool sleep(const task_core* until, bool& sentinel, resumption_list& ready) noexcept;
  void leave_parked(bool sentinel) noexcept;

  // Touched at every pick.
  fiber* running_ = nullptr;
  fiber* left_ = nullptr;
  after after_ = after::nothing;
  bool shared_;            // there are other loops
  bool searching_ = false;
  bool bound_turn_ = false;
  int picks_left_ = poll_interval;
  int burst_left_ = deque_burst;
  std::uint32_t budget_ = slice_budget;
  unsigned index_;
  std::uint64_t next_id_ = 0;  // of a range that this loop has taken
  std::uint64_t ids_end_ = 0;
  fiber* warm_ = nullptr;  // pooled fibers of the default size
  std::size_t warm_count_ = 0;
  scheduler& owner_;
  job_list bound_;  // only this loop may run these
  execution root_;
  std::unique_ptr<event_ring> ring_;
  prng random_;
  std::chrono::nanoseconds spin_;  // how long the last searches were worth it
  clock::time_point last_help_{};
  clock::time_point last_decay_{};
  block_cache blocks_;

  // Shared with thieves and sentinels.
  deque<task_core> deque_;
  fifo<job> fifo_;
  mpsc_stack inbox_;
  timer_wheel timers_;
  std::shared_ptr<reactor> reactor_;
  loop_counters counters_;
  // The sentinel's notes about this loop: the slice count it saw, and when. Any helper writes them.
  std::atomic<std::uint64_t> seen_slices_{0};
  std::atomic<clock::rep> seen_at_{0};
};

}  // namespace heddle::detail
