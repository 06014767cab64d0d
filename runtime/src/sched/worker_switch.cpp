// SPDX-License-Identifier: MIT
// From fiber to fiber: what runs next, and what becomes of the one that was left.
// The steps W3 to W5 of wait/README.md are leave() and after_arrival().
#include "base/assert.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"
#include "sched/task_end.hpp"

#include <heddle/runtime/error.hpp>

#include <exception>
#include <new>

namespace heddle::detail {

job* worker::pick_bound() noexcept {
  if (!inbox_.maybe_empty()) {
    for (job* item = inbox_.take_all(); item != nullptr;) {
      job* const next = item->next;
      bound_.push(*item);
      item = next;
    }
  }
  return bound_.pop();
}

job* worker::pick() noexcept {
  if (--picks_left_ <= 0) return nullptr;
  if (burst_left_ > 0) {
    if (task_core* const fresh = deque_.take_oldest()) {
      --burst_left_;
      return fresh;
    }
  }
  burst_left_ = deque_burst;
  bound_turn_ = !bound_turn_;
  if (bound_turn_ && (!bound_.empty() || !inbox_.maybe_empty())) {
    if (job* const mine = pick_bound()) return mine;
  }
  if (job* const woken = fifo_.take()) return woken;
  if (task_core* const fresh = deque_.take_oldest()) return fresh;
  return pick_bound();
}

fiber* worker::take_fiber(const task_core& core) noexcept {
  const bool usual = core.extras == nullptr || core.extras->stack_bytes == 0;
  try {
    if (!usual) return owner_.stacks.take(core.extras->stack_bytes);
    if (warm_ == nullptr) {
      warm_ = owner_.stacks.take_default(warm_batch);
      for (const fiber* each = warm_; each != nullptr; each = each->next_pooled) ++warm_count_;
      if (owner_.stacks.unguarded() != 0) owner_.note_unguarded();
    }
  } catch (const std::exception&) {
    owner_.set_exhausted(true);
    return nullptr;
  }
  fiber* const one = warm_;
  warm_ = one->next_pooled;
  --warm_count_;
  one->next_pooled = nullptr;
  return one;
}

void worker::pool(fiber& one) noexcept {
  one.status.store(fiber::state::pooled, std::memory_order_relaxed);
  if (owner_.exhausted()) owner_.set_exhausted(false);
  if (one.stack_bytes() != owner_.stacks.default_stack_bytes()) {
    one.next_pooled = nullptr;
    owner_.stacks.give(&one);
    return;
  }
  one.next_pooled = warm_;
  warm_ = &one;
  if (++warm_count_ <= warm_fibers) return;
  fiber* const spilled = warm_;
  fiber* last = spilled;
  for (std::size_t n = 1; n < warm_batch; ++n) last = last->next_pooled;
  warm_ = last->next_pooled;
  last->next_pooled = nullptr;
  warm_count_ -= warm_batch;
  owner_.stacks.give(spilled);
}

void worker::fail_unstarted(task_core& core) noexcept {
  core.operations->fail(core, std::make_exception_ptr(resource_exhausted(
                                  "heddle: no stack to be had for a spawned task")));
  end_task(core, nullptr, *this);
}

fiber* worker::prepare(job& next) noexcept {
  if (next.what == job::kind::fiber) return &static_cast<fiber&>(next);
  auto& core = static_cast<task_core&>(next);
  fiber* const one = take_fiber(core);
  if (one == nullptr) {
    fail_unstarted(core);
    return nullptr;
  }
  one->task = &core;
  return one;
}

fiber* worker::prepare_next() noexcept {
  while (job* const next = pick()) {
    if (fiber* const one = prepare(*next)) {
      one->job::stolen = next->stolen;
      next->stolen = false;
      return one;
    }
  }
  return nullptr;
}

void worker::begin_slice(fiber& one, bool stolen) noexcept {
  counters_.slices.add();
  budget_ = slice_budget;
  running_ = &one;
  one.status.store(fiber::state::running, std::memory_order_relaxed);
  if (ring_) [[unlikely]] {
    trace(trace_kind::slice_begin, one.task->id, stolen ? 1 : 0);
  }
}

void worker::trace_slice_end(const fiber& one) noexcept {
  if (ring_) [[unlikely]] trace(trace_kind::slice_end, one.task->id, 0);
}

void worker::leave(fiber& self, fiber* to, after what) noexcept {
  after_ = what;
  left_ = &self;
  if (to != nullptr) {
    begin_slice(*to, std::exchange(to->job::stolen, false));
  } else {
    running_ = nullptr;
  }
  switch_execution(*this, self.saved, to != nullptr ? to->saved : root_);
  current()->after_arrival();
}

void worker::enter_from_root(fiber& to) noexcept {
  after_ = after::nothing;
  left_ = nullptr;
  begin_slice(to, std::exchange(to.job::stolen, false));
  switch_execution(*this, root_, to.saved);
  after_arrival();  // a root context is always on its own thread
}

void worker::after_arrival() noexcept {
  fiber* const left = left_;
  switch (std::exchange(after_, after::nothing)) {
    case after::nothing:
      return;
    case after::yielded:
      left->status.store(fiber::state::ready, std::memory_order_relaxed);
      queue(*left);
      return;
    case after::ended:
      pool(*left);
      return;
    case after::parks:
      break;
  }
  // Once the commit has succeeded the fiber may run elsewhere: what is needed of it is read before.
  const std::uint32_t epoch = left->word.epoch();
  const bool cancellable = left->word.cancellable();
  left->status.store(fiber::state::parked, std::memory_order_relaxed);
  if (!left->word.commit_park()) {
    make_ready(*left);
    return;
  }
  // The epoch keeps this from ending a later wait, should the fiber have gone on meanwhile.
  // order: seq_cst — Dekker with request_cancel(): flag, then word; here word, then flag.
  if (cancellable && left->cancel_requested.load(std::memory_order_seq_cst) &&
      left->word.try_claim(epoch, wake_reason::cancelled, 0) ==
          wake_word::claim_result::won_parked) {
    make_ready(*left);
  }
}

void worker::park(fiber& self) noexcept {
  worker& here = *current();
  here.trace_slice_end(self);
  here.leave(self, here.prepare_next(), after::parks);
}

void worker::yield(fiber& self) noexcept {
  worker& here = *current();
  if (here.ring_) [[unlikely]] here.trace_slice_end(self);
  fiber* const next = here.prepare_next();
  if (next == nullptr && here.picks_left_ > 0) {
    // Nothing else is ready, and it is not yet time to look further.
    here.begin_slice(self, false);
    return;
  }
  here.leave(self, next, after::yielded);
}

bool worker::claimable(fiber& self, task_core& core) noexcept {
  if (deque_.take_oldest_if(&core)) return true;
  // The youngest entry overtakes nobody of its spawner if the spawner's child before it has started.
  if (self.spawned_on != this || !self.has_spawned) return false;
  if (self.had_spawned_before && self.spawn_before >= deque_.oldest_index()) return false;
  return deque_.pop_youngest(&core);
}

bool worker::claim(fiber& self, task_core& core) noexcept {
  worker& here = *current();
  if (here.deque_.size() == 0 || !here.claimable(self, core)) return false;
  here.counters_.claimed.add();
  fiber* const child = here.prepare(core);
  if (child == nullptr) return true;  // it has failed, and that has ended the wait
  child->claimed_by = &self;
  child->claim_epoch = self.word.epoch();
  here.trace_slice_end(self);
  here.leave(self, child, after::parks);
  return true;
}

void worker::spawn(task_core& core) {
  if (owner_.exhausted()) {
    throw resource_exhausted("heddle: spawn: all stacks that the system gives are in use");
  }
  const spawn_extras* const extras = core.extras;
  if (extras != nullptr) owner_.check_loop(core);
  core.id = next_id();
  counters_.spawned.publish();
  if (extras != nullptr && extras->loop != spawn_extras::any_loop) {
    owner_.loop(extras->loop).put_inbox(core);
    return;
  }
  std::int64_t index = 0;
  try {
    index = deque_.push(&core);
  } catch (...) {
    counters_.finished.publish();
    throw;
  }
  if (fiber* const parent = running_) {
    parent->had_spawned_before = parent->has_spawned && parent->spawned_on == this;
    parent->spawn_before = parent->latest_spawn;
    parent->latest_spawn = index;
    parent->spawned_on = this;
    parent->has_spawned = true;
  }
  // The first job is most likely run next, here; for more of them help is worth its price.
  if (shared_ && owner_.idle.worth_waking() && deque_.size() > 1) wake_one();
}

void worker::run_task(fiber& self) noexcept {
  task_core& core = *self.task;
  self.identity.set(core.id, {core.file, core.line}, name_of(core));
  self.uncaught_at_entry = current()->exceptions->uncaught_exceptions;
  self.cancel_requested.store(false, std::memory_order_relaxed);
  self.has_waited = false;
  self.has_spawned = false;
  self.shields = 0;
  if (core.extras != nullptr && core.extras->pinned) self.pinned_to = current();
  // order: release — partner: request_cancel(), which then looks at this fiber.
  core.runner.store(&self, std::memory_order_release);
  core.operations->run(core);
  worker& here = *current();
  here.trace_slice_end(self);
  end_task(core, &self, here);
  self.pinned_to = nullptr;
  self.task = nullptr;
}

void worker::fiber_main(fiber& self) {
  current()->after_arrival();
  for (;;) {
    run_task(self);
    worker* here = current();
    fiber* next = nullptr;
    // Closures follow one another on a stack of the usual size without a switch.
    while (job* const item = here->pick()) {
      const bool plain = item->what == job::kind::task &&
                         static_cast<task_core*>(item)->extras == nullptr &&
                         self.stack_bytes() == here->owner_.stacks.default_stack_bytes();
      if (plain) {
        self.task = static_cast<task_core*>(item);
        here->begin_slice(self, std::exchange(item->stolen, false));
        run_task(self);
        here = current();
        continue;
      }
      next = here->prepare(*item);
      if (next != nullptr) {
        next->job::stolen = std::exchange(item->stolen, false);
        break;
      }
    }
    here->leave(self, next, after::ended);
  }
}

}  // namespace heddle::detail
