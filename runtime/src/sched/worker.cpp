// SPDX-License-Identifier: MIT
// The root context of a loop: polling, firing, and handing the thread to fibers.
#include "sched/worker.hpp"

#include "base/forks.hpp"
#include "base/heavy_fence.hpp"
#include "sched/cancel.hpp"
#include "sched/scheduler.hpp"

#include <pthread.h>
#include <unistd.h>

#include <new>
#include <span>

namespace heddle::detail {

namespace {

void describe_calling_stack(sanitizer_state& state) noexcept {
  pthread_attr_t attributes;
  void* low = nullptr;
  std::size_t bytes = 0;
  if (::pthread_getattr_np(::pthread_self(), &attributes) == 0) {
    ::pthread_attr_getstack(&attributes, &low, &bytes);
    ::pthread_attr_destroy(&attributes);
  }
  state.adopt(low, bytes);
}

fence_side side_of_fence(bool shared) noexcept {
  if (!shared) return fence_side::none;
  return prepare_heavy_fence() ? fence_side::of_others : fence_side::of_owner;
}

}  // namespace

worker::worker(scheduler& owner, unsigned index)
    : shared_(owner.settings().loops > 1),
      index_(index),
      owner_(owner),
      random_(index + 1),
      spin_(owner.settings().spin),
      simulated_(owner.choices() != nullptr),
      blocks_(owner.blocks, shared_),
      deque_(shared_),
      held_(shared_),
      fifo_(shared_),
      nest_(side_of_fence(shared_)),
      branches_(side_of_fence(shared_)),
      timers_(owner.started_at()),
      reactor_(std::make_shared<reactor>(owner.tick, owner.choices())) {
  if (const std::size_t capacity = owner.settings().trace_events; capacity > 0) {
    ring_ = std::make_unique<event_ring>(capacity);
  }
  picks_left_ = picks_of_a_visit();
  traced_ = simulated_ || ring_ != nullptr;
  in_turns = simulated_ && shared_;
  branches = &branches_;
  fiber* reserve = nullptr;
  owner.stacks.take_default(std::span(&reserve, 1));
  reserve_.store(reserve, std::memory_order_relaxed);
  lone_tag_ = find_lone_tag();
  if (lone_tag_ != 0) {
    static std::atomic<std::uint64_t> last_number{0};
    lone_loop = last_number.fetch_add(1, std::memory_order_relaxed) + 1;
  }
}

/// Tags lone loops by the number of their epoll descriptor, which no two living ones share.
std::uint64_t worker::find_lone_tag() const noexcept {
  constexpr std::uint64_t most = 0xffff;
  const auto tag = static_cast<std::uint64_t>(reactor_->fd());
  return !shared_ && tag <= most && prepare_heavy_fence() ? tag : 0;
}

worker::~worker() { reactor_->shut_down(); }

void worker::trace(trace_kind kind, fiber_id id, std::uint32_t arg) noexcept {
  if (ring_) ring_->add(clock::now() - owner_.started_at(), kind, id, arg);
  if (simulated_) owner_.choices()->note(index_, kind, id, arg);
}

void worker::take_ids() noexcept {
  const std::uint64_t ids_at_once = simulated_ ? 1 : 1024;
  next_id_ = owner_.take_ids(ids_at_once);
  ids_end_ = next_id_ + ids_at_once;
}

void worker::queue(job& item) noexcept {
  if (item.what == job::kind::fiber && static_cast<fiber&>(item).pinned_to != nullptr) {
    bind(item);
    return;
  }
  try {
    fifo_.push(&item);
  } catch (const std::bad_alloc&) {
    owner_.inject.push(item);  // linked through the job itself: needs no memory
  }
}

void worker::make_ready(fiber& one) noexcept {
  one.status.store(fiber::state::runnable, std::memory_order_relaxed);
  queue(one);
  if (shared_ && owner_.idle.worth_waking() && fifo_.size() > 1) wake_one();
}

void worker::end_waits(const timer_wheel::due& due) noexcept {
  parker* waiting = due.first;
  if (simulated_) waiting = shuffled(waiting);
  for (parker* first = waiting; first != nullptr;) {
    parker* const next = std::exchange(first->next_resumed, nullptr);
    owner_.make_ready(static_cast<fiber&>(*first));
    first = next;
  }
  cancel_due(due.scopes);
}

void worker::put_inbox(job& item) noexcept {
  inbox_.push(item);
  if (owner_.idle.is_parked(index_)) wake_up();
}

void worker::take_injected() noexcept {
  if (job* const left = take_left_branch()) queue(*left);
  if (owner_.inject.size() == 0) return;
  job_list batch;
  counters_.injected.add(owner_.inject.take(inject_batch, batch));
  while (job* const item = batch.pop()) queue(*item);
}

void worker::poll_and_fire() noexcept {
  if (timers_.armed() != 0) {
    const timer_wheel::due due = timers_.advance(clock::now());
    counters_.timers.add(due.fired);
    end_waits(due);
  }
  if (reactor_->watched() == 0) return;
  resumption_list ready;
  const reactor::harvest found = reactor_->poll(clock::time_point::min(), ready);
  counters_.polls.add();
  counters_.events.add(found.events);
  if (found.tick) pass_tick_on();  // it was meant for a parked loop
}

void worker::mark_forked() {
  worker* const here = current();
  if (here == nullptr) return;
  here->picks_left_ = 0;
  note_left_fiber();
}

void worker::housekeeping() noexcept {
  if (owner_.is_inherited()) [[unlikely]]
    end_forked_child();
  picks_left_ = picks_of_a_visit();
  take_injected();
  poll_and_fire();
  if (!shared_) return;
  source_ = nullptr;  // another loop may need a thief more
  help_if_due(clock::now());
  // Fibers that yield wake nobody; many of them are worth a helper.
  if (fifo_.size() > 1 && owner_.idle.worth_waking()) wake_one();
}

void worker::found_work() noexcept {
  if (!searching_) return;
  searching_ = false;
  if (owner_.idle.stop_search() && work_visible()) wake_one();
}

bool worker::finished(const task_core* until) const noexcept {
  if (until == nullptr) return owner_.ended();
  return is_done(*until);
}

void worker::turn(const task_core* until) noexcept {
  if (picks_left_ <= 0) housekeeping();
  if (owner_.exhausted()) [[unlikely]]
    lend_stacks();
  fiber* next = gives_way_ == nullptr ? nullptr : after_giving_way();
  if (next == nullptr && starves()) next = prepare_starved();
  if (next == nullptr) next = prepare_next();
  if (next == nullptr && picks_left_ > 0) {
    if (job* const found = search()) {
      next = prepare(*found);
      if (simulated_) {
        found_work();
        in_hand_ = next;
        return;
      }
    }
  }
  if (next != nullptr) {
    found_work();
    enter_from_root(*next);
    if (look_back_) look_back_at(*next);
  } else if (picks_left_ > 0) {
    park_loop(until);
  }
}

void worker::adopt_thread() noexcept {
  exceptions = eh_globals_of_thread();
  errno_address = errno_of_thread();
  thread_id_.store(::gettid(), std::memory_order_relaxed);
  describe_calling_stack(root_.sanitizer);
}

void worker::look_back_at(fiber& entered) noexcept {
  const look_back::stretch past = look_back_->has_returned(counters_.slices.value());
  if (!past.late) return;
  if (owner_.watch->hear({*this, entered, past.slices, past.lasted})) look_back_.reset();
}

void worker::run(const task_core* until) noexcept {
  adopt_thread();
  if (look_back_) look_back_->is_on_root(clock::now(), counters_.slices.value());
  set_thread_state(this);
  while (!finished(until)) turn(until);
  if (searching_) found_work();
  set_thread_state(nullptr);
}

}  // namespace heddle::detail
