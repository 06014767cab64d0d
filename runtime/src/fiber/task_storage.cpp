// SPDX-License-Identifier: MIT
// Where the storage of fibers and plain threads is found, and how it ends.
#include "fiber/task_storage.hpp"

#include "fiber/fiber.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace heddle::detail {

spawn_extras::spawn_extras() = default;
spawn_extras::~spawn_extras() = default;

local_value* task_storage::find(const void* variable) const noexcept {
  const auto found = std::ranges::find(locals_, variable, &local::variable);
  return found == locals_.end() ? nullptr : found->value.get();
}

void task_storage::add(std::unique_ptr<local_value> made) {
  const void* const variable = made->variable.get();
  locals_.push_back({variable, std::move(made), round_});
}

std::unique_ptr<local_value> task_storage::take(const void* variable) noexcept {
  const auto found = std::ranges::find(locals_, variable, &local::variable);
  if (found == locals_.end()) return nullptr;
  std::unique_ptr<local_value> taken = std::move(found->value);
  locals_.erase(found);
  return taken;
}

void task_storage::destroy_locals() noexcept {
  while (!locals_.empty()) {
    const local last = std::move(locals_.back());
    locals_.pop_back();
    round_ = last.round + 1;
  }
}

void task_storage::end() noexcept {
  destroy_locals();
  // The last to have a context value destroys it, which may once more make values.
  context.reset();
  destroy_locals();
  round_ = destructor_rounds + 1;
  context.reset();
}

namespace {

/// The storage of a plain thread. Like parker_of_plain_thread(), never used on a fiber.
struct thread_storage {
  task_storage* own;
  bool ended;
};

__attribute__((noinline)) thread_storage& storage_of_plain_thread() noexcept {
  thread_local constinit thread_storage mine{};
  return mine;
}

/// Ends it with the thread.
struct thread_end {
  ~thread_end() {
    thread_storage& ends = storage_of_plain_thread();
    if (ends.own != nullptr) ends.own->end();
    delete std::exchange(ends.own, nullptr);
    ends.ended = true;
  }
};

__attribute__((noinline)) void end_storage_with_thread() noexcept {
  thread_local const thread_end at_end;
  static_cast<void>(at_end);
}

__attribute__((noinline)) task_storage& make_storage_of_plain_thread() {
  thread_storage& here = storage_of_plain_thread();
  if (here.ended) {
    throw std::logic_error(
        "heddle: a fiber_local or context_var is used by a thread that has destroyed its values");
  }
  end_storage_with_thread();
  here.own = new task_storage;
  return *here.own;
}

fiber* running_fiber() noexcept {
  const auto* const here = static_cast<const switch_state*>(current_thread_state());
  return here == nullptr ? nullptr : here->running();
}

}  // namespace

task_storage* storage_of_caller() noexcept {
  const fiber* const self = running_fiber();
  return self != nullptr ? self->storage : storage_of_plain_thread().own;
}

task_storage& make_storage_of_caller() {
  if (task_storage* const there = storage_of_caller()) return *there;
  fiber* const self = running_fiber();
  if (self == nullptr) return make_storage_of_plain_thread();
  self->storage = new task_storage;
  return *self->storage;
}

void inherit_context(task_core& core) {
  const task_storage* const from = storage_of_caller();
  if (from == nullptr || from->context == nullptr) return;
  auto own = std::make_unique<task_storage>();
  own->context = from->context;
  spawn_extras* extras = core.extras();
  if (extras == nullptr) {
    extras = new spawn_extras;
    core.owned_extras.store(extras, std::memory_order_relaxed);
  }
  extras->storage = std::move(own);
}

void end_storage(fiber& self) noexcept {
  // The body is over: no scope is left, and what cancels the task must not cut this short.
  self.shield = ++self.depth;
  self.storage->end();
  delete std::exchange(self.storage, nullptr);
  --self.depth;
  self.shield = 0;
}

}  // namespace heddle::detail
