// SPDX-License-Identifier: MIT
// One loop: its queues, its reactor and timers, and the choice of what runs next.
// The loop's thread has a root context (its own stack), where it polls, steals and parks;
// everything else happens on fibers' stacks, which switch to one another directly. Invariants: (1)
// what is not atomic is touched by the loop's thread alone; (2) a fiber that leaves its stack is
// dealt with (queued, committed as parked, pooled) by dispose(), on the next stack (exceptions:
// fiber/README.md, rule 2); (3) a member function that switches must not use `this` afterwards: the
// fiber may be on another loop. Source files: worker.cpp (root), worker_switch.cpp (fibers),
// worker_nest.cpp (joins of groups), worker_branches.cpp (fork_join), worker_stacks.cpp (where
// fibers run), worker_steal.cpp (other loops), worker_park.cpp, worker_turn.cpp (when simulated).
#pragma once

#include <heddle/runtime/config.hpp>
#include <heddle/runtime/detail/branch_deque.hpp>
#include <heddle/runtime/detail/spinlock.hpp>
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
#include "sched/followers.hpp"
#include "sched/limits.hpp"
#include "sched/look_back.hpp"
#include "sched/nest.hpp"
#include "timer/wheel.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace heddle::detail {

class scheduler;

/// Returns whether only one loop may run `item`, whatever happens.
bool is_pinned(const job& item) noexcept;

class worker : public switch_state {
 public:
  worker(scheduler& owner, unsigned index);
  ~worker();

  /// Returns the calling thread's loop; null on a plain thread.
  static worker* current() noexcept { return static_cast<worker*>(current_thread_state()); }
  /// Has the calling thread's loop, if it is one, look soon at the process it is in: that is a
  /// child of fork() now. The fiber that has called fork() may go on until it waits.
  static void mark_forked();
  /// Returns the running fiber; null on a plain thread and on a root context.
  static fiber* current_fiber() noexcept {
    worker* const here = current();
    return here == nullptr ? nullptr : here->running();
  }

  // The root context (worker.cpp)
  /// Runs jobs on the calling thread until `until` is done, or, without it, until the runtime ends.
  void run(const task_core* until) noexcept;

  // Under a policy (worker_turn.cpp): no run(), but turns on the thread of the simulation
  /// Is to be called once, by the thread that will give the turns.
  void adopt_thread() noexcept;
  /// Runs one job, or falls asleep, or wakes.
  void take_turn(const task_core* until) noexcept;
  /// Returns whether it has something to do by itself at `now`.
  bool wants_turn(clock::time_point now) const noexcept;
  /// Returns when it has something to do by itself if nothing else happens.
  clock::time_point next_due() const noexcept { return std::min(timers_.next_due(), retry_at_); }
  /// Returns whether any loop of its runtime has something that could be stolen.
  bool work_visible() const noexcept;
  /// Asks the system for events of descriptors. Returns whether there were any.
  bool take_events() noexcept;

  /// Makes a loop that nobody watches tell loop_watch::hear() of slices longer than `limit`.
  void tell_when_late(std::chrono::nanoseconds limit) noexcept { look_back_.emplace(limit); }

  // On a fiber of this loop (worker_switch.cpp)
  /// Queues a new task. Errors: shut_down, resource_exhausted, std::bad_alloc,
  /// std::invalid_argument; nothing is queued or counted then.
  void spawn(task_core& core);
  /// Leaves the running fiber, whose wait has begun; returns when somebody has ended that wait.
  static void park(fiber& self) noexcept;
  /// Lets other jobs go first: decides for whom. The caller jumps, or goes on if there is nobody.
  static handover begin_yield(fiber& self) noexcept;
  /// Under a policy: ends the turn, and with the next one goes on.
  static void end_turn(fiber& self) noexcept;
  /// Does, after a switch, what the execution that was left has asked for.
  void dispose(departure left) noexcept;
  /// Joins `core` by running it now, by a direct switch, if it waits here and nobody is overtaken.
  /// Returns false if it did not. Else the task has ended, or it has suspended, which made `self`'s
  /// wait real, and that wait has ended: self.word says how.
  static bool claim(fiber& self, task_core& core, cancellation mode) noexcept;

  // Children of groups (worker_nest.cpp)
  /// Queues a child of the running fiber, which has made `group`, so that its join runs it (N1).
  /// Returns false if it may not be kept: nothing is queued. Errors: std::bad_alloc; nothing is
  /// queued.
  bool keep(group_core& group, child_core& child);
  /// Gives up the handle's share of a child that may have been kept last. Returns false if not.
  bool drops_share_of_kept(child_core& child) noexcept {
    return !nest_.maybe_empty() && nest_.drop_share_of_youngest(child);
  }
  /// Is to be called before the first run_kept() of a join, which dumps show as `about`.
  static void begin_kept(fiber& self, wait_subject about) noexcept;
  /// Runs the oldest child that `group` keeps, for its maker, which joins it (N2): until it has
  /// ended, or has suspended. Returns false if there is none, or no stack for it.
  static bool run_kept(fiber& self, group_core& group, cancellation mode) noexcept;
  /// Has all kept children wait in the deque from now on (N4).
  void leave_nest() noexcept;

  // Branches of fork_join (worker_branches.cpp)
  /// Wakes a loop for a branch that was offered here, sometimes.
  void call_for_help() noexcept;

  // From this loop
  /// Returns a number below `bound`, for a choice among equals.
  std::uint32_t choose(std::uint32_t bound) noexcept;
  /// Queues a fiber that can go on, here; it is not bound to another loop.
  void make_ready(fiber& one) noexcept;
  /// Queues those whose time-outs a wheel has fired, and cancels the scopes.
  void end_waits(const timer_wheel::due& due) noexcept;

  // From anywhere
  /// Queues a job that only this loop may run, and sees that the loop looks.
  void put_inbox(job& item) noexcept;
  void wake_up() noexcept;
  const std::shared_ptr<reactor>& events() const noexcept { return reactor_; }
  const loop_counters& counters() const noexcept { return counters_; }
  /// Returns the kernel's number of the thread that runs this loop; 0 before there is one.
  int thread_id() const noexcept { return thread_id_.load(std::memory_order_relaxed); }
  struct slice {
    const fiber* of = nullptr;  // null: the loop is on its root
    std::uint64_t number = 0;   // how many were begun here by then
    friend bool operator==(const slice&, const slice&) = default;
  };
  /// Returns what the loop runs. One that others have found before, and still find, has gone on.
  slice present_slice() const noexcept {
    const fiber* const of = watched_fiber();
    return {of, counters_.slices.value()};
  }
  const event_ring* ring() const noexcept { return ring_.get(); }

  timer_wheel& timers() noexcept { return timers_; }
  /// Counts a fiber that waits for something outside, until `over` on the loop where it goes on.
  void count_outside_wait() noexcept { counters_.outside_waits.add(); }
  void count_outside_wait_over() noexcept { counters_.outside_waits_over.add(); }
  /// Returns whether this loop has been parked for `least` at `now`. From any thread.
  bool has_parked_for(std::chrono::nanoseconds least, clock::time_point now) const noexcept {
    const clock::rep since = parked_since_.load(std::memory_order_relaxed);
    return since != 0 && now - clock::time_point(clock::duration(since)) >= least;
  }
  block_cache& blocks() noexcept { return blocks_; }
  scheduler& owner() const noexcept { return owner_; }
  unsigned index() const noexcept { return index_; }
  /// Returns whether its runtime has other loops.
  bool has_others() const noexcept { return shared_; }
  /// Returns what marks this loop's tasks if it is the only one of its runtime and threads that are
  /// none of its loops can order themselves with it (base/heavy_fence.hpp); 0 if not. Different for
  /// all such loops that live.
  std::uint64_t lone_tag() const noexcept { return lone_tag_; }
  /// Returns how many idle fibers this loop keeps at hand. From any thread.
  std::size_t spare_fibers() const noexcept {
    return warm_count() + (reserve_.load(std::memory_order_relaxed) != nullptr ? 1 : 0);
  }
  /// Tags a new task that is to run in this loop's runtime; with 0 if it is not lone.
  void tag_loop(task_core& core) const noexcept {
    const std::uint64_t begins_as = core.state.load(std::memory_order_relaxed);
    core.state.store(begins_as | lone_tag_ << task_core::lone_loop_shift,
                     std::memory_order_relaxed);
  }
  void count_finished() noexcept { counters_.finished.publish(); }

  /// What a fresh fiber runs: closures, one after the other.
  static void fiber_main(fiber& self, departure left);

 private:
  // worker_switch.cpp
  void spawn_with_care(task_core& core);
  void push_or_throw(task_core& core);
  void push_behind(fiber& parent, task_core& core);
  void has_spawned(fiber* parent, std::int64_t index) noexcept;
  void note_spawn(fiber& parent, std::int64_t index) noexcept;
  bool has_left_older(const fiber& parent) const noexcept;
  static bool older_may_wait(const fiber& parent) noexcept;
  bool maybe_idle() const noexcept;
  job* next_job() noexcept;
  job* pick() noexcept;
  job* pick_in_turn() noexcept;
  job* pick_bound() noexcept;
  job* pick_bound_from(unsigned place) noexcept;
  void sort_inbox() noexcept;
  void bind(job& item) noexcept;
  bool has_bound() const noexcept { return bound_count_.load(std::memory_order_relaxed) != 0; }
  fiber* prepare(job& next) noexcept;
  fiber* prepare_task(task_core& core) noexcept;
  fiber* prepare_next() noexcept;
  std::size_t warm_count() const noexcept { return warm_count_.load(std::memory_order_relaxed); }
  void set_warm_count(std::size_t count) noexcept {
    warm_count_.store(count, std::memory_order_relaxed);
  }
  fiber* take_warm() noexcept;
  static fiber* next_after(fiber& self) noexcept;
  __attribute__((noinline)) static handover begin_any_yield(fiber& self) noexcept;
  __attribute__((noinline)) static handover begin_swap_with_task(fiber& self, job& oldest) noexcept;
  static handover begin_switch(worker& here, fiber& self, execution& to, after what) noexcept;
  static void make_switch(worker& here, fiber& self, execution& to, after what) noexcept;
  static void leave(worker& here, fiber& self, fiber* to, after what) noexcept;
  execution& enter(fiber* to) noexcept;
  bool may_swap(const fiber& self) const noexcept;
  void enter_from_root(fiber& to) noexcept;
  void commit_park(fiber& left) noexcept;
  void count_slice(fiber& one) noexcept;
  void begin_slice(fiber& one) noexcept;
  void begin_slice_of_next(fiber& one) noexcept;
  void trace_slice_begin(fiber& one) noexcept;
  void trace_slice_end(const fiber& one) noexcept;
  bool claimable(fiber& self, task_core& core) noexcept;
  void settle_claims(fiber& child) noexcept;
  static fiber* run_task(fiber& self) noexcept;

  // worker_nest.cpp
  bool may_begin_to_keep(fiber& maker) noexcept;
  void stop_keeping(fiber& maker) noexcept;
  job* take_kept_of(worker& victim) noexcept;
  bool goes_on_at_once(const fiber& joiner) noexcept;
  child_core* next_kept_of(const fiber& joiner) noexcept;
  bool join_is_over_time() noexcept;
  static bool is_asked_below(const fiber& joiner) noexcept;
  child_core* give_way(fiber& joiner) noexcept;
  fiber* after_giving_way() noexcept;

  // worker_branches.cpp
  void leave_branches() noexcept;
  job* take_branch_of(worker& victim) noexcept;
  job* take_left_branch() noexcept;
  job* adopt(branch& one) noexcept;

  // worker_stacks.cpp
  fiber* take_unusual(task_core& core) noexcept;
  void fill_warm();
  bool finds_stacks() noexcept;
  fiber* do_without(task_core& core) noexcept;
  fiber* take_reserve() noexcept;
  void starve(task_core& core) noexcept;
  bool starves() const noexcept { return starved_count_.load(std::memory_order_relaxed) != 0; }
  fiber* prepare_starved() noexcept;
  void give_starved(job_list& to) noexcept;
  bool others_keep_stacks() const noexcept;
  void call_for_stacks() noexcept;
  void lend_stacks() noexcept;
  void check_stacks();
  void pool(fiber& one) noexcept;
  void give_back(fiber& one) noexcept;

  // worker.cpp
  void turn(const task_core* until) noexcept;
  void take_injected() noexcept;
  void poll_and_fire() noexcept;
  void housekeeping() noexcept;
  void look_back_at(fiber& entered) noexcept;
  int picks_of_a_visit() const noexcept { return simulated_ ? picks_of_a_turn : poll_interval; }
  void found_work() noexcept;
  bool finished(const task_core* until) const noexcept;
  void queue(job& item) noexcept;
  void take_ids() noexcept;
  std::uint64_t find_lone_tag() const noexcept;
  void trace(trace_kind kind, fiber_id id, std::uint32_t arg) noexcept;

  // worker_steal.cpp
  job* search() noexcept;
  job* steal_round() noexcept;
  job* take_held() noexcept;
  clock::duration begin_batch() noexcept;
  int next_batch(std::int64_t waiting, clock::duration took) noexcept;
  void hold_more_of(worker& victim, clock::duration took) noexcept;
  job* steal_fibers_of(worker& victim) noexcept;
  job* take_follower_of(worker& victim) noexcept;
  job* steal_task_of(worker& victim) noexcept;
  job* steal_from(worker& victim) noexcept;
  job* steal_again() noexcept;
  bool help(worker& stuck, clock::time_point now) noexcept;
  bool take_over_held_of(worker& thief, clock::time_point now) noexcept;
  bool take_placed_of(worker& stuck) noexcept;
  void pass_tick_on() noexcept;
  void help_if_due(clock::time_point now) noexcept;
  bool help_stuck_loops() noexcept;
  bool is_stuck(clock::time_point now) noexcept;
  bool has_stealable() const noexcept;
  void wake_one() noexcept;

  // worker_turn.cpp
  parker* shuffled(parker* first) noexcept;

  // worker_park.cpp
  void park_loop(const task_core* until) noexcept;
  bool anything_to_do() const noexcept;
  void sleep(const task_core* until, resumption_list& ready) noexcept;
  void rise(resumption_list& ready) noexcept;
  void leave_parked() noexcept;
  void look_around() noexcept;
  void decay_if_due(clock::time_point now) noexcept;

  // Touched at every pick.
  bool shared_;  // there are other loops
  bool searching_ = false;
  bool bound_turn_ = false;
  bool follower_turn_ = false;  // of the next theft
  bool were_short_ = false;     // the tasks of the last theft
  bool holds_ = false;          // tasks in held_, which run before anything else
  bool traced_;                 // somebody wants to hear of slices
  int picks_left_;
  int burst_left_ = deque_burst;
  int nest_left_ = deque_burst;  // children that a join may run before others have their turn
  unsigned index_;
  unsigned bound_place_ = 0;   // where the last job bound to this loop came from
  std::uint64_t next_id_ = 0;  // of a range that this loop has taken
  std::uint64_t ids_end_ = 0;
  std::atomic<std::size_t> warm_count_{0};  // written by this loop only
  std::array<fiber*, warm_fibers> warm_;    // pooled fibers of the default size
  std::atomic<fiber*> reserve_{nullptr};  // written by this loop only: a pooled fiber for ending a
                                          // task that no stack could be had for
  std::uint64_t lone_tag_ = 0;
  scheduler& owner_;
  job_list bound_;  // only this loop may run these
  execution root_;
  std::unique_ptr<event_ring> ring_;
  prng random_;
  std::chrono::nanoseconds spin_;         // how long the last searches were worth it
  bool sentinel_ = false;                 // while it is parked
  bool simulated_;                        // by a policy, which gives it turns
  bool asleep_ = false;                   // simulated: it is parked
  worker* source_ = nullptr;              // where the last task was stolen
  int batch_ = 1;                         // how many were taken in a row then
  fiber* in_hand_ = nullptr;              // simulated: what the next turn is for
  fiber* gives_way_ = nullptr;            // to the root, with its nest, if that has something to do
  std::atomic<bool> woken_{false};        // simulated: instead of a write to the reactor's eventfd
  std::uint32_t offers_before_wake_ = 1;  // how many branches are offered before the next wake-up
  std::uint32_t wake_gap_ = 1;
  std::uint64_t seen_taken_ = 0;        // branches_taken_ at the last wake-up
  std::optional<look_back> look_back_;  // while nobody watches this loop, which is the only one
  clock::time_point join_began_{};      // to run children while something else waits
  clock::time_point last_help_{};
  clock::time_point last_decay_{};
  clock::time_point retry_at_ = clock::time_point::max();  // parked: to look for a stack again
  block_cache blocks_;

  // Shared with thieves and sentinels.
  deque<task_core> deque_;
  followers followers_;    // of what is in deque_
  deque<task_core> held_;  // stolen, and short, most likely; others take them over after a while
  std::atomic<clock::rep> batch_began_{0};  // written by this loop only: of what is in held_
  fifo<job> fifo_;
  nest nest_;                                     // of the running fiber and those below it
  branch_deque branches_;                         // of the running fiber
  std::atomic<std::uint64_t> branches_taken_{0};  // and kept children, by other loops
  mpsc_stack inbox_;
  std::atomic<std::int64_t> bound_count_{0};  // of bound_, placed_ and followers_ together
  spinlock placed_lock_;                      // of placed_ and starved_
  job_list placed_;   // tasks that are to start here, but may start elsewhere if this loop is stuck
  job_list starved_;  // tasks that found no stack
  std::atomic<std::size_t> starved_count_{0};
  timer_wheel timers_;
  std::shared_ptr<reactor> reactor_;
  loop_counters counters_;
  std::atomic<clock::rep> parked_since_{0};  // 0: it runs
  std::atomic<int> thread_id_{0};
  // The sentinel's notes about this loop: the slice count it saw, and when. Any helper writes them.
  std::atomic<std::uint64_t> seen_slices_{~std::uint64_t{0}};  // none yet
  std::atomic<clock::rep> seen_at_{0};
};

inline bool worker::maybe_idle() const noexcept {
  return deque_.maybe_empty() && fifo_.maybe_empty() && !has_bound() && inbox_.maybe_empty() &&
         !holds_;
}

inline job* worker::pick() noexcept {
  if (--picks_left_ <= 0) return nullptr;
  if (burst_left_ > 0) {
    if (task_core* const fresh = deque_.take_oldest()) {
      --burst_left_;
      return fresh;
    }
  }
  // The usual state of a busy loop: nothing freshly spawned, nothing bound to it.
  if (deque_.maybe_empty() && !has_bound() && inbox_.maybe_empty()) return fifo_.take();
  return pick_in_turn();
}

/// Returns whether a yield is a swap with the oldest of the queue: no other loop, nothing else to
/// run, nothing to record.
inline bool worker::may_swap(const fiber& self) const noexcept {
  return !shared_ && !traced_ && self.claimed_by == nullptr && self.keeps_in == nullptr &&
         self.pinned_to == nullptr && deque_.maybe_empty() && branches_.maybe_empty() &&
         !has_bound() && inbox_.maybe_empty();
}

inline fiber* worker::take_warm() noexcept {
  const std::size_t left = warm_count() - 1;
  set_warm_count(left);
  return warm_[left];
}

inline fiber* worker::prepare_task(task_core& core) noexcept {
  const bool usual = core.extras() == nullptr && warm_count() != 0;
  fiber* const one = usual ? take_warm() : take_unusual(core);
  if (one == nullptr) [[unlikely]]
    return nullptr;
  one->task = &core;
  one->status.store(fiber::state::runnable, std::memory_order_relaxed);
  return one;
}

inline fiber* worker::prepare(job& next) noexcept {
  if (next.what == job::kind::fiber) return &static_cast<fiber&>(next);
  return prepare_task(static_cast<task_core&>(next));
}

inline job* worker::next_job() noexcept {
  if (holds_) [[unlikely]] {
    if (job* const held = take_held()) return held;
  }
  job* const mine = pick();
  return mine != nullptr || source_ == nullptr || !maybe_idle() ? mine : steal_again();
}

inline fiber* worker::prepare_next() noexcept {
  while (job* const next = next_job()) {
    if (fiber* const one = prepare(*next)) return one;
  }
  return nullptr;
}

inline void worker::count_slice(fiber& one) noexcept {
  counters_.slices.add();
  budget = slice_budget;
  set_running(&one);
  attention = &one.attention;
  caller = one.caller;
}

inline void worker::begin_slice(fiber& one) noexcept {
  count_slice(one);
  trace_slice_begin(one);
}

/// As begin_slice(), on the stack that runs already: a task follows another there.
inline void worker::begin_slice_of_next(fiber& one) noexcept {
  counters_.slices.add();
  budget = slice_budget;
  trace_slice_begin(one);
}

inline void worker::trace_slice_begin(fiber& one) noexcept {
  if (!traced_) [[likely]]
    return;
  // The fiber was, or, at its first slice, its task.
  const bool moved = std::exchange(one.job::stolen, false);
  const bool moved_before = std::exchange(one.task->stolen, false);
  trace(trace_kind::slice_begin, one.task->id, moved || moved_before ? 1 : 0);
}

/// Begins the slice of `to`, or none on the root; returns what is to be entered.
inline execution& worker::enter(fiber* to) noexcept {
  if (to == nullptr) {
    set_running(nullptr);
    attention = nullptr;
    caller = fiber_id::none;
    return root_;
  }
  begin_slice(*to);
  return to->saved;
}

inline void worker::trace_slice_end(const fiber& one) noexcept {
  if (traced_) [[unlikely]]
    trace(trace_kind::slice_end, one.task->id, 0);
}

/// Leaves `self` for `to`, up to the jump. With a sanitizer, which must see both ends of a switch
/// in one function, it is made here. `here` is not used after the switch.
inline __attribute__((always_inline)) handover worker::begin_switch(worker& here, fiber& self,
                                                                    execution& to,
                                                                    after what) noexcept {
  if constexpr (!sanitized) return hand_over(here, self.saved, to, what);
  make_switch(here, self, to, what);
  return {};
}

/// Leaves `self` for `to`. `here` is not used after the switch.
inline __attribute__((always_inline)) void worker::make_switch(worker& here, fiber& self,
                                                               execution& to, after what) noexcept {
  const departure left = switch_execution(here, self.saved, to, what);
  if (left.what != after::nothing) current()->dispose(left);
}

/// Leaves `self` for `to`, or for the root.
inline __attribute__((always_inline)) void worker::leave(worker& here, fiber& self, fiber* to,
                                                         after what) noexcept {
  make_switch(here, self, here.enter(to), what);
}

/// Takes down where in this loop's deque the latest child of a fiber stands. All older ones that
/// wait are here, too.
inline void worker::note_spawn(fiber& parent, std::int64_t index) noexcept {
  parent.spawn_before = parent.spawned_on == this ? parent.latest_spawn : fiber::none_before;
  parent.latest_spawn = index;
  parent.spawned_on = this;
  parent.follows = nullptr;
}

/// Whether older children of the running fiber may wait elsewhere than in this loop's deque.
inline bool worker::has_left_older(const fiber& parent) const noexcept {
  if (parent.spawned_on == this) return false;
  return (parent.spawned_on != nullptr || parent.follows != nullptr) && older_may_wait(parent);
}

inline bool worker::claimable(fiber& self, task_core& core) noexcept {
  if (deque_.take_oldest_if(&core)) return true;
  // The youngest entry, if it is this fiber's, overtakes none of its children if the one before it
  // has been taken.
  if (self.spawned_on != this || self.latest_spawn != deque_.youngest_index()) return false;
  if (self.spawn_before >= deque_.oldest_index()) return false;
  if (!deque_.pop_youngest(&core)) return false;
  self.latest_spawn = self.spawn_before;
  return true;
}

inline __attribute__((always_inline)) bool worker::claim(fiber& self, task_core& core,
                                                         cancellation mode) noexcept {
  worker& here = *current();
  if (here.deque_.maybe_empty() || !here.claimable(self, core)) return false;
  fiber* const child = here.prepare_task(core);
  if (child == nullptr) return false;  // no stack now: it is queued again
  if (!here.branches_.maybe_empty()) [[unlikely]]
    here.leave_branches();
  if (!here.nest_.maybe_empty()) [[unlikely]]
    here.leave_nest();
  self.keeps_in = nullptr;
  here.counters_.claimed.add();
  self.join_mode = mode;
  child->claimed_by = &self;
  here.trace_slice_end(self);
  leave(here, self, child, after::nothing);
  return true;
}

}  // namespace heddle::detail
