// SPDX-License-Identifier: MIT
// From fiber to fiber: what runs next, and what becomes of the one that was left.
// The steps W3 to W5 of wait/README.md are leave() and dispose().
#include "fiber/task_storage.hpp"
#include "sched/cancel.hpp"
#include "sched/scheduler.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"

#include <heddle/runtime/detail/group_core.hpp>
#include <heddle/runtime/error.hpp>

#include <exception>
#include <mutex>
#include <new>

namespace heddle::detail {

bool is_pinned(const job& item) noexcept {
  if (item.what == job::kind::fiber) return static_cast<const fiber&>(item).pinned_to != nullptr;
  const spawn_extras* const extras = static_cast<const task_core&>(item).extras();
  return extras != nullptr && extras->pinned;
}

void worker::sort_inbox() noexcept {
  for (job* item = inbox_.take_all(); item != nullptr;) {
    job* const next = item->next;
    if (is_pinned(*item)) {
      bind(*item);
    } else {
      bound_count_.fetch_add(1, std::memory_order_relaxed);
      std::lock_guard guard(placed_lock_);
      placed_.push(*item);
    }
    item = next;
  }
}

job* worker::pick_bound() noexcept {
  if (!inbox_.maybe_empty()) sort_inbox();
  if (!has_bound()) return nullptr;
  // In turns, or what yields in one place would keep the others waiting for ever.
  constexpr unsigned places = 3;
  for (unsigned n = 0; n < places; ++n) {
    bound_place_ = (bound_place_ + 1) % places;
    if (job* const item = pick_bound_from(bound_place_)) {
      bound_count_.fetch_sub(1, std::memory_order_relaxed);
      return item;
    }
  }
  return nullptr;
}

job* worker::pick_bound_from(unsigned place) noexcept {
  if (place == 0) return bound_.pop();
  if (place == 1) return followers_.take(deque_.oldest_index());
  const std::lock_guard guard(placed_lock_);
  return placed_.pop();
}

void worker::bind(job& item) noexcept {
  bound_count_.fetch_add(1, std::memory_order_relaxed);
  bound_.push(item);
}

job* worker::pick_in_turn() noexcept {
  bound_turn_ = !bound_turn_;
  if (bound_turn_ && (has_bound() || !inbox_.maybe_empty())) {
    if (job* const mine = pick_bound()) return mine;
  }
  // Where fibers queue up, tasks and fibers take turns.
  burst_left_ = fifo_.size() > deque_burst ? 1 : deque_burst;
  if (job* const woken = fifo_.take()) return woken;
  if (task_core* const fresh = deque_.take_oldest()) return fresh;
  return pick_bound();
}

void worker::enter_from_root(fiber& to) noexcept {
  begin_slice(to);
  // A root context is always on its own thread.
  dispose(switch_execution(*this, root_, to.saved, after::nothing));
}

void worker::dispose(departure left) noexcept {
  if (left.what == after::nothing) return;
  fiber& who = *static_cast<execution*>(left.who)->self;
  switch (left.what) {
    case after::nothing:
      return;
    case after::yielded:
      queue(who);
      return;
    case after::ended:
      pool(who);
      return;
    case after::parks:
      commit_park(who);
      return;
  }
}

void worker::commit_park(fiber& left) noexcept {
  // Once the commit has succeeded the fiber may run elsewhere: what is needed of it is read before.
  const std::uint32_t epoch = left.word.epoch();
  const scope_depth floor = left.word.floor();
  left.status.store(fiber::state::parked, std::memory_order_relaxed);
  if (!left.word.commit_park()) {
    make_ready(left);
    return;
  }
  // The epoch keeps this from ending a later wait, should the fiber have gone on meanwhile.
  // order: seq_cst — Dekker with ask_to_leave(): m, then word; here word, then m.
  if (fiber::deepest_cancelled(left.attention.load(std::memory_order_seq_cst)) > floor &&
      left.word.try_claim(epoch, wake_reason::cancelled, 0) ==
          wake_word::claim_result::won_parked) {
    make_ready(left);
  }
}

void worker::park(fiber& self) noexcept {
  worker& here = *current();
  here.trace_slice_end(self);
  if (!here.branches_.maybe_empty()) [[unlikely]]
    here.leave_branches();
  if (!here.nest_.maybe_empty()) [[unlikely]]
    here.leave_nest();
  self.keeps_in = nullptr;
  if (self.claimed_by != nullptr) [[unlikely]]
    here.settle_claims(self);
  leave(here, self, here.prepare_next(), after::parks);
}

handover worker::begin_yield(fiber& self) noexcept {
  worker& here = *current();
  if (!here.may_swap(self) || --here.picks_left_ <= 0) [[unlikely]]
    return begin_any_yield(self);
  // Nobody can take it from the queue before it has left its stack.
  job& oldest = *here.fifo_.swap(&self);
  if (oldest.what != job::kind::fiber) [[unlikely]]
    return begin_swap_with_task(self, oldest);
  auto& next = static_cast<fiber&>(oldest);
  here.count_slice(next);
  if (&next == &self) [[unlikely]]
    return {};
  return begin_switch(here, self, next.saved, after::nothing);
}

handover worker::begin_any_yield(fiber& self) noexcept {
  worker& here = *current();
  here.trace_slice_end(self);
  if (!here.branches_.maybe_empty()) here.leave_branches();
  if (!here.nest_.maybe_empty()) here.leave_nest();
  self.keeps_in = nullptr;
  if (self.claimed_by != nullptr) here.settle_claims(self);
  if (self.unarmed != nullptr) arm_deadlines(self);
  fiber* const next = here.prepare_next();
  if (next == nullptr && here.picks_left_ > 0) {
    // Nothing else is ready, and it is not yet time to look further.
    here.begin_slice(self);
    return {};
  }
  return begin_switch(here, self, here.enter(next), after::yielded);
}

handover worker::begin_swap_with_task(fiber& self, job& oldest) noexcept {
  worker& here = *current();
  fiber* next = here.prepare(oldest);
  if (next == nullptr) next = here.prepare_next();  // no stack for that one
  if (next == &self) {
    here.begin_slice(self);
    return {};
  }
  return begin_switch(here, self, here.enter(next), after::nothing);
}

namespace {

/// N5, before its maker can go on.
void count_claimed_child(group_core& group) noexcept {
  if (std::exchange(group.joiner_has_last, false)) return;
  // order: relaxed — the maker has its own until it joins.
  group.pending.fetch_add(1, std::memory_order_relaxed);
}

/// What a join does that waits from the beginning.
void begin_claimed_wait(fiber& joiner, task_core& core) noexcept {
  joiner.says({join_kind, core.id});
  joiner.word.begin(joiner.join_mode == cancellation::deliver
                        ? joiner.floor(joiner.saved.exceptions.uncaught_exceptions)
                        : nothing_heard);
  if (joiner.unarmed != nullptr) arm_deadlines(joiner);
  register_claimer(core, joiner);
}

}  // namespace

void worker::settle_claims(fiber& child) noexcept {
  // The child suspends: each joiner in the chain that led here now waits like any other. All of
  // them have left their stacks; none is visible to a waker before it is committed. One that runs
  // children of its group is in no wait: it goes on, and waits for its group.
  fiber* settled = nullptr;
  for (fiber* each = &child; each->claimed_by != nullptr; each = settled) {
    fiber& joiner = *std::exchange(each->claimed_by, nullptr);
    if (group_core* const group = joiner.runs_child_of) {
      count_claimed_child(*group);
    } else {
      begin_claimed_wait(joiner, *each->task);
    }
    joiner.next_settled = std::exchange(settled, &joiner);
  }
  while (settled != nullptr) {
    fiber& joiner = *settled;
    settled = joiner.next_settled;
    if (joiner.runs_child_of != nullptr) {
      make_ready(joiner);
    } else {
      commit_park(joiner);
    }
  }
}

void worker::spawn(task_core& core) {
  // What may throw, or takes long, is asked about here and done out of line.
  scheduler& owner = owner_;
  fiber* const parent = running();
  if (parent != nullptr && parent->keeps_in != nullptr) [[unlikely]]
    stop_keeping(*parent);  // what it has spawned before goes first
  if (owner.hindered() || core.extras() != nullptr || next_id_ == ids_end_ ||
      (parent != nullptr && (parent->storage != nullptr || has_left_older(*parent)))) [[unlikely]] {
    return spawn_with_care(core);
  }
  core.id = fiber_id{next_id_++};
  tag_loop(core);
  counters_.spawned.publish();  // before it can run
  const std::int64_t index = deque_.push_if_room(&core);
  if (index == deque_.no_room) [[unlikely]]
    return push_or_throw(core);
  has_spawned(parent, index);
}

void worker::spawn_with_care(task_core& core) {
  if (owner_.cancels_all()) owner_.throw_shut_down();
  if (owner_.exhausted()) check_stacks();
  owner_.check_loop(core);
  inherit_context(core);
  if (next_id_ == ids_end_) take_ids();
  core.id = fiber_id{next_id_++};
  tag_loop(core);
  counters_.spawned.publish();
  if (core.extras() != nullptr && core.extras()->loop != spawn_extras::any_loop) {
    owner_.loop(core.extras()->loop).put_inbox(core);
  } else {
    push_or_throw(core);
  }
}

void worker::push_or_throw(task_core& core) {
  fiber* const parent = running();
  try {
    if (parent != nullptr && has_left_older(*parent)) [[unlikely]]
      return push_behind(*parent, core);
    has_spawned(parent, deque_.push(&core));
  } catch (const std::bad_alloc&) {
    counters_.finished.publish();
    throw;
  }
}

/// Has it follow its fiber's older children, wherever they wait.
void worker::push_behind(fiber& parent, task_core& core) {
  worker& home = parent.follows != nullptr ? *parent.follows : *parent.spawned_on;
  const std::int64_t behind = parent.follows != nullptr ? followers::nothing : parent.latest_spawn;
  auto place = followers::make_place(core, behind);
  // Before anybody can take it, and count it down.
  home.bound_count_.fetch_add(1, std::memory_order_relaxed);
  parent.latest_spawn = home.followers_.push(std::move(place));
  parent.follows = &home;
  parent.spawned_on = nullptr;
  if (owner_.idle.worth_waking()) wake_one();
}

/// Whether children of `parent` may wait where the latest of them went. The others have been taken,
/// or wait there, before it.
bool worker::older_may_wait(const fiber& parent) noexcept {
  if (parent.follows != nullptr) return parent.follows->followers_.may_have(parent.latest_spawn);
  return parent.spawned_on != nullptr &&
         parent.latest_spawn >= parent.spawned_on->deque_.oldest_index();
}

inline void worker::has_spawned(fiber* parent, std::int64_t index) noexcept {
  if (parent != nullptr) note_spawn(*parent, index);
  // The first job is most likely run next, here; for more of them help is worth its price.
  if (shared_ && owner_.idle.worth_waking() && deque_.size() > 1) wake_one();
}

namespace {

/// Returns why a task is refused; std::bad_alloc if there is no memory to say so.
std::exception_ptr refusal() noexcept {
  try {
    return std::make_exception_ptr(
        resource_exhausted("heddle: no stack to be had for a spawned task"));
  } catch (const std::bad_alloc&) {
    return std::current_exception();
  }
}

__attribute__((noinline)) void fail_refused(task_core& core) noexcept {
  core.operations->fail(core, refusal());
}

}  // namespace

/// Whether what is left of a child that its group's join has run is its block: it never suspended,
/// has a plain value, and nobody has its handle.
inline bool ends_as_most(const fiber& self, const child_core& child) noexcept {
  // order: acquire — partner: whoever has dropped the handle.
  return leaves_nothing_to_destroy(child) && self.member_of == nullptr &&
         child.shares.load(std::memory_order_acquire) == 1;
}

inline __attribute__((always_inline)) fiber* worker::run_task(fiber& self) noexcept {
  task_core& core = *self.task;
  const spawn_extras* const extras = core.extras();
  self.caller = core.id;
  current()->caller = core.id;
  self.identity.set(core.id, {core.file, core.line},
                    extras == nullptr ? std::string_view{} : std::string_view(extras->name));
  if (extras != nullptr) [[unlikely]] {
    if (extras->pinned) self.pinned_to = current();
    self.storage = core.extras()->storage.release();
  }
  self.uncaught_at_entry = current()->exceptions->uncaught_exceptions;
  self.attention.store(fiber::unchecked, std::memory_order_relaxed);
  self.spawned_on = nullptr;
  self.follows = nullptr;
  self.keeps_in = nullptr;
  // order: release — partner: request_cancel(), which then looks at this fiber.
  core.runner.store(&self, std::memory_order_release);
  if (core.outcome != task_outcome::refused) [[likely]] {
    core.operations->run(core);
  } else {
    fail_refused(core);
  }
  if (self.storage != nullptr) [[unlikely]]
    end_storage(self);
  worker& here = *current();
  here.trace_slice_end(self);
  fiber* joiner = std::exchange(self.claimed_by, nullptr);
  if (joiner == nullptr) {
    end_task(core, here);  // may call the user's hook, which may suspend: it is this task
  } else if (joiner->runs_child_of == nullptr) {
    end_claimed_task(core, here);
  } else if (ends_as_most(self, static_cast<child_core&>(core))) [[likely]] {
    here.count_finished();
    free_task(&core, core.operations->block_class);
  } else {
    self.claimed_by = joiner;
    joiner = end_task(core, here);  // as above
  }
  if (self.keeps_in != nullptr) [[unlikely]]
    current()->stop_keeping(self);  // a group outlives its maker
  self.pinned_to = nullptr;
  return joiner;
}

/// Returns whether a joiner whose child has ended here goes on now: if nobody waits here; in the
/// join of a group, after so many children.
inline bool worker::goes_on_at_once(const fiber& joiner) noexcept {
  if (joiner.runs_child_of == nullptr) return maybe_idle() && --picks_left_ > 0;
  if (--picks_left_ <= 0) return false;
  return --nest_left_ > 0 || !join_is_over_time();
}

/// Takes the next child of a joiner whose child has ended here; null if the joiner is to go on.
inline child_core* worker::next_kept_of(const fiber& joiner) noexcept {
  if (joiner.runs_child_of == nullptr || in_turns ||
      joiner.attention.load(std::memory_order_relaxed) != 0) {
    return nullptr;
  }
  child_core* const next = nest_.take(*joiner.runs_child_of);
  if (next != nullptr) counters_.claimed.add();
  return next;
}

void worker::fiber_main(fiber& self, departure left) {
  current()->dispose(left);
  for (;;) {
    fiber* next = nullptr;
    if (fiber* const joiner = run_task(self)) {
      worker& here = *current();
      if (here.goes_on_at_once(*joiner)) {
        // Children of one join follow one another on a stack without a switch.
        if (child_core* const sibling = here.next_kept_of(*joiner)) {
          self.task = sibling;
          self.claimed_by = joiner;
          here.begin_slice_of_next(self);
          continue;
        }
        leave(here, self, joiner, after::ended);
        continue;
      }
      child_core* const outer = here.give_way(*joiner);
      if (outer != nullptr) next = here.prepare_task(*outer);
    }
    if (next == nullptr) next = next_after(self);
    leave(*current(), self, next, after::ended);
  }
}

fiber* worker::next_after(fiber& self) noexcept {
  worker* here = current();
  const bool usual = self.stack_bytes() == here->owner_.stacks.default_stack_bytes();
  // Closures follow one another on a stack of the usual size without a switch.
  while (job* const item = here->next_job()) {
    if (item->what == job::kind::fiber) return static_cast<fiber*>(item);
    auto& core = static_cast<task_core&>(*item);
    if (!usual || core.extras() != nullptr) {
      if (fiber* const one = here->prepare_task(core)) return one;
      continue;
    }
    self.task = &core;
    here->begin_slice(self);
    run_task(self);  // nobody has claimed it
    here = current();
  }
  return nullptr;
}

}  // namespace heddle::detail
