// SPDX-License-Identifier: MIT
// Taking work from other loops: their queued jobs, and the timers and events of one that is stuck
// in a slice.
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include "base/cpu_relax.hpp"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace heddle::detail {

void worker::wake_one() noexcept {
  if (owner_.wake_one()) counters_.wakeups.add();
}

bool worker::has_stealable() const noexcept {
  return !fifo_.empty_seq_cst() || !deque_.empty_seq_cst() || !followers_.empty_seq_cst() ||
         !branches_.empty_seq_cst() || !nest_.empty_seq_cst();
}

bool worker::work_visible() const noexcept {
  if (!owner_.inject.empty_seq_cst() || !owner_.left_branches.empty_seq_cst()) return true;
  for (std::size_t n = 0; n < owner_.loops(); ++n) {
    if (owner_.loop(n).has_stealable()) return true;
  }
  return false;
}

job* worker::steal_fibers_of(worker& victim) noexcept {
  job* first = nullptr;
  std::int64_t wanted = std::min<std::int64_t>((victim.fifo_.size() + 1) / 2, steal_batch);
  for (; wanted > 0; --wanted) {
    job* const item = victim.fifo_.steal();
    if (item == nullptr) break;
    item->stolen = true;
    counters_.stolen.add();
    if (first == nullptr) {
      first = item;
    } else {
      queue(*item);
    }
  }
  if (first != nullptr && traced_) trace(trace_kind::steal, fiber_id::none, victim.index_);
  return first;
}

job* worker::take_follower_of(worker& victim) noexcept {
  task_core* const task = victim.followers_.take(victim.deque_.oldest_index());
  if (task != nullptr) victim.bound_count_.fetch_sub(1, std::memory_order_relaxed);
  return task;
}

job* worker::take_held() noexcept {
  if (--picks_left_ <= 0) return nullptr;
  while (!held_.maybe_empty()) {
    if (task_core* const next = held_.take_oldest()) return next;  // or a helper was faster
  }
  holds_ = false;
  return nullptr;
}

/// Takes down that tasks are taken now. Returns how long the last ones took, their theft included.
clock::duration worker::begin_batch() noexcept {
  const clock::duration now = clock::now().time_since_epoch();
  const clock::duration took = now - clock::duration(batch_began_.load(std::memory_order_relaxed));
  batch_began_.store(now.count(), std::memory_order_relaxed);
  were_short_ = took <= batch_ * short_task;
  return std::max(took, clock::duration(1));
}

/// Returns how many to take in a row, of that many, if the last batch took so long.
int worker::next_batch(std::int64_t waiting, clock::duration took) noexcept {
  const auto half = static_cast<int>(std::min<std::int64_t>((waiting + 1) / 2, task_batch));
  if (simulated_) return 1 + static_cast<int>(choose(static_cast<std::uint32_t>(half)));
  if (!were_short_) return 1;
  return std::min({half, 2 * batch_, static_cast<int>(batch_ * batch_time / took)});
}

/// The owner of a deque and its thieves all take at one end. Where tasks are so short that this
/// costs more than they do, a thief takes some in a row: one is taken, now the others.
void worker::hold_more_of(worker& victim, clock::duration took) noexcept {
  const int wanted = next_batch(victim.deque_.size() + 1, took);
  for (batch_ = 1; batch_ < wanted; ++batch_) {
    task_core* const one = victim.deque_.take_oldest();
    if (one == nullptr) return;
    one->stolen = true;
    counters_.stolen.add();
    held_.push_if_room(one);  // there is: it is empty, and has room for more than a batch
    holds_ = true;
  }
}

/// One at a time, or a few that are short, and never what another thief holds: so the children of
/// one fiber start in spawn order on each loop (README.md).
job* worker::steal_task_of(worker& victim) noexcept {
  follower_turn_ = !follower_turn_;  // a deque that is never empty keeps none of them waiting
  job* task = follower_turn_ ? take_follower_of(victim) : nullptr;
  bool more_in_deque = false;
  if (task == nullptr) {
    task = victim.deque_.take_oldest();
    more_in_deque = task != nullptr;
  }
  if (task == nullptr && !follower_turn_) task = take_follower_of(victim);
  if (task == nullptr) task = take_branch_of(victim);
  if (task == nullptr) task = take_kept_of(victim);
  source_ = task == nullptr || simulated_ ? nullptr : &victim;
  if (task == nullptr) return nullptr;
  const clock::duration took = begin_batch();
  if (more_in_deque) {
    hold_more_of(victim, took);
  } else {
    batch_ = 1;
  }
  task->stolen = true;
  counters_.stolen.add();
  if (traced_) trace(trace_kind::steal, fiber_id::none, victim.index_);
  return task;
}

job* worker::steal_from(worker& victim) noexcept {
  job* const first = steal_fibers_of(victim);
  return first != nullptr ? first : steal_task_of(victim);
}

/// Where the last task came from there are more, as a rule: no search is needed for the next one.
job* worker::steal_again() noexcept {
  if (picks_left_ <= 0) return nullptr;
  // Of short tasks one is not worth the way: the next ones come in a moment, to a deque; or the
  // owner of a nest runs them meanwhile, in less time than they take to be stolen.
  constexpr int most_looks = 32;
  const int worth_it = std::min(2 * batch_, tasks_worth_a_way);
  for (int looks = 0; were_short_ && looks < most_looks && source_->deque_.size() < worth_it;
       ++looks) {
    cpu_relax();
  }
  return steal_task_of(*source_);
}

bool worker::is_stuck(clock::time_point now) noexcept {
  const std::uint64_t slices = counters_.slices.value();
  // order: acquire — seen_at_, of whoever has seen the same count.
  if (seen_slices_.load(std::memory_order_acquire) != slices) {
    seen_at_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    // order: release — see above.
    seen_slices_.store(slices, std::memory_order_release);
    return false;
  }
  const clock::time_point since{clock::duration(seen_at_.load(std::memory_order_relaxed))};
  return now - since >= sentinel_tick && !owner_.idle.is_parked(index_);
}

void worker::help_if_due(clock::time_point now) noexcept {
  if (!shared_ || now - last_help_ < sentinel_tick) return;
  help_stuck_loops();
}

bool worker::help_stuck_loops() noexcept {
  const clock::time_point now = clock::now();
  last_help_ = now;
  bool helped = false;
  for (std::size_t n = 0; n < owner_.loops(); ++n) {
    worker& other = owner_.loop(n);
    helped = helped || !other.followers_.maybe_empty();  // whoever put them there may be stuck
    if (&other == this) continue;
    helped = take_over_held_of(other, now) || helped;
    if (other.is_stuck(now)) {
      helped = help(other, now) || helped;
    } else {
      helped = helped || !other.nest_.maybe_empty();  // its owner wakes others rarely
    }
  }
  return helped;
}

bool worker::help(worker& stuck, clock::time_point now) noexcept {
  const timer_wheel::due due = stuck.timers_.advance(now);
  counters_.stolen_timers.add(due.fired);
  resumption_list ready;
  if (stuck.reactor_->watched() != 0) {
    const reactor::harvest found = stuck.reactor_->poll(clock::time_point::min(), ready);
    counters_.polls.add();
    counters_.stolen_events.add(found.events);
    // The loop may have parked meanwhile, and this poll taken the edge that was to wake it.
    if (found.woken) stuck.wake_up();
    if (found.tick) pass_tick_on();
  }
  const bool placed = take_placed_of(stuck);
  const bool helped = due.fired != 0 || !ready.empty() || placed || stuck.has_stealable();
  end_waits(due);
  return helped;
}

/// The last ones that `thief` took seemed short, but it has not got round to them all.
bool worker::take_over_held_of(worker& thief, clock::time_point now) noexcept {
  if (thief.held_.maybe_empty()) return false;
  const clock::rep began = thief.batch_began_.load(std::memory_order_relaxed);
  if (now.time_since_epoch() - clock::duration(began) < longest_hold) return false;
  bool any = false;
  while (thief.batch_began_.load(std::memory_order_relaxed) == began) {
    task_core* const held = thief.held_.take_oldest();
    if (held == nullptr) break;
    counters_.taken_over.add();
    queue(*held);
    any = true;
  }
  return any;
}

bool worker::take_placed_of(worker& stuck) noexcept {
  job_list taken;
  {
    std::lock_guard guard(stuck.placed_lock_);
    while (job* const item = stuck.placed_.pop()) taken.push(*item);
  }
  stuck.bound_count_.fetch_sub(static_cast<std::int64_t>(taken.size()), std::memory_order_relaxed);
  stuck.give_starved(taken);
  for (job* item = stuck.inbox_.take_all(); item != nullptr;) {
    job* const next = item->next;
    is_pinned(*item) ? stuck.put_inbox(*item) : taken.push(*item);
    item = next;
  }
  const bool any = !taken.empty();
  while (job* const item = taken.pop()) queue(*item);
  return any;
}

void worker::pass_tick_on() noexcept {
  owner_.tick.received();
  if (owner_.idle.uncovered()) owner_.tick.arm(sentinel_tick);
}

std::uint32_t worker::choose(std::uint32_t bound) noexcept {
  return simulated_ ? owner_.choices()->choose(bound) : random_.below(bound);
}

job* worker::steal_round() noexcept {
  counters_.searches.add();
  if (job* const mine = pick_bound()) return mine;
  take_injected();
  if (job* const item = fifo_.take()) return item;
  const auto loops = static_cast<std::uint32_t>(owner_.loops());
  const std::uint32_t start = choose(loops);
  for (std::uint32_t n = 0; n < loops; ++n) {
    worker& victim = owner_.loop((start + n) % loops);
    if (&victim == this) continue;
    if (job* const item = steal_from(victim)) return item;
  }
  return nullptr;
}

job* worker::search() noexcept {
  if (!shared_) return nullptr;
  if (!searching_) searching_ = owner_.idle.start_search();
  if (job* const item = steal_round()) return item;
  if (!searching_) return nullptr;  // enough others spin
  // Spinning pays only where work tends to come: the time doubles when it did, and halves when not.
  constexpr int rounds_per_look = 32;
  constexpr int looks_before_yield = 4;
  const clock::time_point until = clock::now() + spin_;
  for (int looks = 0; clock::now() < until; ++looks) {
    for (int n = 0; n < rounds_per_look; ++n) cpu_relax();
    job* item = steal_round();
    if (item == nullptr) {
      poll_and_fire();
      item = fifo_.take();
    }
    if (item != nullptr) {
      spin_ = std::min(owner_.settings().spin, spin_ * 2);
      return item;
    }
    if (looks >= looks_before_yield) ::sched_yield();
  }
  spin_ = std::max<std::chrono::nanoseconds>(spin_ / 2, std::chrono::microseconds{1});
  spin_ = std::min(spin_, owner_.settings().spin);
  return nullptr;
}

}  // namespace heddle::detail
