// SPDX-License-Identifier: MIT
// Stacks for tasks: the loop's own idle fibers, the shared pool behind them, and what happens when
// the system gives no more (README.md, "When stacks run out").
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <span>
#include <utility>

namespace heddle::detail {

namespace {

/// Returns what `core` asked for; 0: the usual size.
std::size_t stack_bytes_of(const task_core& core) noexcept {
  const spawn_extras* const extras = core.extras();
  return extras == nullptr ? 0 : extras->stack_bytes;
}

}  // namespace

fiber* worker::take_unusual(task_core& core) noexcept {
  const std::size_t asked = stack_bytes_of(core);
  fiber* taken = nullptr;
  try {
    if (asked != 0) {
      taken = owner_.stacks.take(asked);
    } else {
      fill_warm();
      taken = take_warm();
    }
  } catch (const std::exception&) {
    return do_without(core);
  }
  if (owner_.stacks.unguarded() != 0) owner_.note_unguarded();
  return taken;
}

void worker::fill_warm() {
  if (warm_count() != 0) return;
  // Where stacks are short, nobody keeps more than what is used at once.
  const bool exhausted = owner_.exhausted();
  set_warm_count(owner_.stacks.take_default(std::span(warm_).first(exhausted ? 1 : warm_batch)));
  if (exhausted) owner_.set_exhausted(false);
}

/// As fill_warm(). Returns whether there are idle stacks of the usual size now.
bool worker::finds_stacks() noexcept {
  try {
    fill_warm();
  } catch (const std::exception&) {
    return false;
  }
  if (owner_.stacks.unguarded() != 0) owner_.note_unguarded();
  return true;
}

fiber* worker::do_without(task_core& core) noexcept {
  const bool usual = stack_bytes_of(core) == 0;
  if (usual) owner_.set_exhausted(true);
  // A task that fails reports, destroys, and may suspend in both: it needs a stack of its own.
  fiber* const reserve = usual && others_keep_stacks() ? nullptr : take_reserve();
  if (reserve == nullptr) {
    starve(core);
    return nullptr;
  }
  core.outcome = task_outcome::refused;
  return reserve;
}

fiber* worker::take_reserve() noexcept {
  if (fiber* const reserve = reserve_.load(std::memory_order_relaxed)) {
    reserve_.store(nullptr, std::memory_order_relaxed);
    return reserve;
  }
  // It may have ended on another loop, which has one: then it is in the pool.
  fiber* pooled = nullptr;
  try {
    owner_.stacks.take_default(std::span(&pooled, 1));
  } catch (const std::exception&) {
    owner_.set_exhausted(true);
  }
  return pooled;
}

void worker::starve(task_core& core) noexcept {
  std::lock_guard guard(placed_lock_);
  starved_.push(core);
  starved_count_.store(starved_.size(), std::memory_order_relaxed);
}

fiber* worker::prepare_starved() noexcept {
  constexpr std::size_t most_tries = 16;
  for (std::size_t left = std::min(most_tries, starved_count_.load(std::memory_order_relaxed));
       left > 0; --left) {
    job* item = nullptr;
    {
      std::lock_guard guard(placed_lock_);
      item = starved_.pop();
      starved_count_.store(starved_.size(), std::memory_order_relaxed);
    }
    if (item == nullptr) return nullptr;  // a helper took it
    if (fiber* const one = prepare(*item)) return one;
  }
  call_for_stacks();
  return nullptr;
}

/// For a helper of this loop, which is stuck.
void worker::give_starved(job_list& to) noexcept {
  std::lock_guard guard(placed_lock_);
  job_list pinned;
  while (job* const item = starved_.pop()) (is_pinned(*item) ? pinned : to).push(*item);
  starved_count_.store(pinned.size(), std::memory_order_relaxed);
  starved_ = pinned;
}

bool worker::others_keep_stacks() const noexcept {
  for (std::size_t n = 0; n < owner_.loops(); ++n) {
    const worker& other = owner_.loop(n);
    if (&other != this && other.warm_count() != 0) return true;
  }
  return false;
}

void worker::call_for_stacks() noexcept {
  owner_.set_exhausted(true);
  for (std::size_t n = 0; n < owner_.loops(); ++n) {
    worker& other = owner_.loop(n);
    if (&other != this && other.warm_count() != 0 && owner_.idle.is_parked(other.index_)) {
      other.wake_up();
    }
  }
}

void worker::lend_stacks() noexcept {
  owner_.stacks.give(std::span(warm_).first(warm_count()));
  set_warm_count(0);
}

void worker::check_stacks() {
  if (!others_keep_stacks()) fill_warm();  // throws resource_exhausted
}

void worker::pool(fiber& one) noexcept {
  one.task = nullptr;
  one.status.store(fiber::state::pooled, std::memory_order_relaxed);
  if (one.stack_bytes() != owner_.stacks.default_stack_bytes()) return give_back(one);
  if (reserve_.load(std::memory_order_relaxed) == nullptr) [[unlikely]] {
    reserve_.store(&one, std::memory_order_relaxed);
    return;
  }
  if (owner_.exhausted()) [[unlikely]]
    return give_back(one);  // another loop may wait for it
  std::size_t count = warm_count();
  if (count == warm_fibers) {
    count -= warm_batch;
    owner_.stacks.give(std::span(warm_).subspan(count, warm_batch));
  }
  warm_[count] = &one;
  set_warm_count(count + 1);
}

void worker::give_back(fiber& one) noexcept {
  fiber* const given = &one;
  owner_.stacks.give(std::span(&given, 1));
}

}  // namespace heddle::detail
