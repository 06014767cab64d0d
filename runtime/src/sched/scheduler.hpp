// SPDX-License-Identifier: MIT
// What the loops of one runtime share: stacks, the global queue, the idle word, the way to stop.
// Invariants: (1) workers_ is complete before the first loop runs and does not change until all
// have ended; (2) accepting_ goes true -> false once; no task is added from outside after every
// loop has seen quiescence (shutdown.cpp); (3) a thread that is no loop and wakes a fiber here
// holds a `visit`, for which the destructor waits.
#pragma once

#include <heddle/runtime/config.hpp>
#include <heddle/runtime/detail/policy.hpp>
#include <heddle/runtime/stats.hpp>

#include "base/forks.hpp"
#include "base/hooks.hpp"
#include "fiber/stack_pool.hpp"
#include "reactor/tick_timer.hpp"
#include "sched/block_cache.hpp"
#include "sched/branch_list.hpp"
#include "sched/idle.hpp"
#include "sched/inject.hpp"
#include "sched/lock_waits.hpp"
#include "sched/loop_watch.hpp"
#include "sched/simulated_loops.hpp"
#include "sched/worker.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace heddle {
class runtime;
}

namespace heddle::detail {

class pools;

class scheduler {
 public:
  /// Whether loop 0 has a thread of its own or is driven by the caller.
  enum class loop_zero : std::uint8_t { own_thread, calling_thread };

  /// Says in words what the fibers of a runtime do.
  using fiber_list = std::string (*)(scheduler& of);

  struct identity {
    runtime& face;
    fiber_list describe_fibers;
  };

  /// Starts the loops. Errors: as heddle::runtime's constructor.
  scheduler(config settings, loop_zero first, identity who);
  /// Starts none: `decides` gives turns to the loops, on the thread that calls drive(). It must
  /// outlive the scheduler.
  scheduler(config settings, policy& decides, identity who);
  /// Cancels what is left, waits for it, ends the loops.
  ~scheduler();

  // scheduler.cpp
  void submit(task_core& core);  // from anywhere; errors: shut_down, ...
  /// Runs `main_task` on loop 0, or on all of them if they are simulated. Errors: submit()'s; the
  /// policy's finish().
  void drive(task_core& main_task);
  /// Makes a parked fiber of this runtime runnable, from anywhere.
  void make_ready(fiber& one) noexcept;
  /// Wakes a parked loop, if there is one and nobody searches. Returns whether it did.
  bool wake_one() noexcept;
  /// Returns whether fibers are left that will never run again: then nothing may be destroyed.
  bool is_abandoned() const noexcept { return simulated_ != nullptr && simulated_->abandoned(); }
  /// Returns whether this is a copy that fork() has made: its threads, and the epoll sets, are the
  /// parent's. (A simulation has neither.)
  bool is_inherited() const noexcept { return policy_ == nullptr && made_in_.was_left(); }
  /// Returns the first of `count` ids that are fresh in the whole process; in a simulation, where
  /// they are to be the same in each run, in this runtime.
  std::uint64_t take_ids(std::uint64_t count) noexcept;
  /// Describes the fibers of this runtime.
  std::string describe_fibers() { return describe_fibers_(*this); }

  // stall.cpp
  /// Tells config::on_stall if nothing can happen any more; for a loop that has been parked long.
  void look_for_stall(clock::time_point now) noexcept;
  /// Returns whether a fiber waits for a descriptor or a pool.
  bool waits_outside() const noexcept;

  // shutdown.cpp
  bool shut_down(std::chrono::nanoseconds grace);
  void cancel_all() noexcept;
  /// Called by a loop that has nothing to do; ends the runtime if nothing is left and it is to end.
  void note_idle() noexcept;
  std::uint64_t live_tasks() const noexcept;
  bool ended() const noexcept {
    // order: acquire — partner: note_idle().
    return ended_.load(std::memory_order_acquire);
  }
  bool cancels_all() const noexcept {
    // order: seq_cst — Dekker with cancel_all(), which then visits every fiber.
    return (hindered_.load(std::memory_order_seq_cst) & by_shutdown) != 0;
  }
  /// Returns whether spawn has to look closer: all is cancelled, or stacks ran out.
  bool hindered() const noexcept {
    // order: seq_cst — as cancels_all().
    return hindered_.load(std::memory_order_seq_cst) != 0;
  }

  /// Holds the scheduler while a thread that is not one of its loops uses it.
  void begin_visit() noexcept { visitors_.fetch_add(1, std::memory_order_relaxed); }
  void end_visit() noexcept {
    // order: release — partner: the wait in stop().
    visitors_.fetch_sub(1, std::memory_order_release);
  }
  class visit {
   public:
    explicit visit(scheduler& host) noexcept : host_(host) { host_.begin_visit(); }
    ~visit() { host_.end_visit(); }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

   private:
    scheduler& host_;
  };

  /// Returns whether there is no thread: the only loop is driven by the caller.
  bool has_no_thread() const noexcept { return threads_.empty(); }
  const config& settings() const noexcept { return settings_; }
  runtime& face() const noexcept { return face_; }
  std::size_t loops() const noexcept { return workers_.size(); }
  worker& loop(std::size_t index) const noexcept { return *workers_[index]; }
  /// Returns who decides in the place of the machine; null in production.
  policy* choices() const noexcept { return policy_; }
  clock::time_point started_at() const noexcept { return started_at_; }
  bool is_main(const task_core& core) const noexcept {
    return main_task_.load(std::memory_order_relaxed) == &core;
  }
  /// Errors: std::invalid_argument if a task is to start on a loop that does not exist.
  void check_loop(const task_core& core) const;
  [[noreturn]] void throw_shut_down() const;
  [[noreturn]] void throw_inherited() const;
  /// Stacks ran out: until one is to be had spawn says so, and no loop keeps idle ones for itself.
  void set_exhausted(bool now) noexcept {
    if (now) {
      hindered_.fetch_or(by_exhaustion, std::memory_order_relaxed);
    } else {
      hindered_.fetch_and(~by_exhaustion, std::memory_order_relaxed);
    }
  }
  bool exhausted() const noexcept {
    return (hindered_.load(std::memory_order_relaxed) & by_exhaustion) != 0;
  }
  void note_unguarded() noexcept;
  runtime_stats stats() const;

  std::unique_ptr<loop_watch> watch;  // if any; ends before the loops are destroyed
  std::shared_ptr<error_hooks> hooks;
  tick_timer tick;
  idle_set idle;
  inject_queue inject;
  branch_list left_branches;
  detail::lock_waits lock_waits;
  block_depot blocks;
  stack_pool stacks;
  pools* attached_pools = nullptr;  // set before the first task

 private:
  scheduler(config settings, policy* decides, identity who, bool drives_loop_zero);
  bool is_foreign(const worker* here) const noexcept {
    return here == nullptr || &here->owner() != this;
  }
  bool nothing_is_pending(clock::time_point now) const noexcept;
  /// The rest of make_ready(): not from, or not to, the calling loop. A call, so that nothing of it
  /// is paid for by the usual case.
  __attribute__((noinline)) void make_ready_elsewhere(fiber& one) noexcept;
  /// Gives a job to whichever loop is free.
  void inject_job(job& item) noexcept;
  void start_threads(loop_zero first);
  void run_loop(unsigned index) noexcept;
  void drive_loop(unsigned index, const task_core* until) noexcept;
  void stop() noexcept;

  config settings_;
  runtime& face_;
  fiber_list describe_fibers_;
  policy* policy_;
  birthplace made_in_;
  std::uint64_t own_ids_ = 0;  // of a simulation
  clock::time_point started_at_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<std::thread> threads_;
  std::unique_ptr<simulated_loops> simulated_;
  bool drives_loop_zero_;
  std::atomic<bool> touched_{false};  // a simulation, by a thread that is none of its loops
  std::atomic<const task_core*> main_task_{nullptr};
  std::atomic<std::uint64_t> spawned_outside_{0};
  std::atomic<std::uint64_t> refused_outside_{0};
  std::atomic<bool> accepting_{true};
  static constexpr std::uint32_t by_shutdown = 1;
  static constexpr std::uint32_t by_exhaustion = 2;
  std::atomic<std::uint32_t> hindered_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ended_{false};
  std::atomic<bool> reported_unguarded_{false};
  std::atomic<std::uint32_t> quiet_{0};  // a futex: bumped when a draining runtime has no live task
  std::atomic<bool> draining_{false};
  std::atomic<int> visitors_{0};
  std::atomic<std::uint64_t> stalled_at_{
      ~std::uint64_t{0}};  // how many slices had run, at a report
};

}  // namespace heddle::detail
