// SPDX-License-Identifier: MIT
// A task before it runs, and what is left of it: its block, its options, its way into a queue, and
// the end of its result. Not here: its handle's other operations (task_join.cpp, task_cancel.cpp).
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/task.hpp>

#include "sched/scheduler.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace heddle::detail {

namespace {

[[noreturn]] __attribute__((noinline)) void throw_no_runtime(const task_core& core) {
  if (is_set(core.state.load(std::memory_order_relaxed), task_core::child)) {
    throw std::logic_error(
        "heddle::task_group::spawn outside a fiber: groups, and gather, race, any and map, start "
        "their children in the runtime of the fiber that calls");
  }
  throw std::logic_error("heddle::spawn outside a fiber: use runtime::spawn from plain threads");
}

__attribute__((noinline)) void release_all(task_core& core) noexcept {
  const std::size_t at = core.operations->block_class;
  core.operations->destroy(core);
  delete core.extras();
  free_task(&core, at);
}

}  // namespace

void* allocate_task(std::size_t at, std::size_t bytes) {
  if (worker* const here = worker::current(); here != nullptr && at < block_classes) {
    return here->blocks().take(at);
  }
  void* const block = std::malloc(at < block_classes ? block_bytes[at] : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void free_task(void* block, std::size_t at) noexcept {
  if (worker* const here = worker::current(); here != nullptr && at < block_classes) {
    here->blocks().give(at, block);
  } else if (at != in_frame) {
    std::free(block);
  }
}

void apply(task_core& core, const spawn_options& options) {
  if (options.loop == spawn_extras::any_loop) {
    throw std::invalid_argument("heddle: spawn_options::loop = " + std::to_string(*options.loop) +
                                " is no loop");
  }
  const bool usual = options.name.empty() && options.stack_bytes == 0 && !options.pinned &&
                     !options.loop.has_value();
  if (usual) return;
  constexpr std::size_t longest_name = 256;
  constexpr std::size_t largest_stack = std::size_t{1} << 30;
  if (options.stack_bytes != 0 &&
      (options.stack_bytes < smallest_stack_bytes || options.stack_bytes > largest_stack)) {
    throw std::invalid_argument("heddle: spawn_options::stack_bytes = " +
                                std::to_string(options.stack_bytes) + " is not in 16 KiB..1 GiB");
  }
  auto extras = std::make_unique<spawn_extras>();
  extras->name = options.name.substr(0, longest_name);
  extras->stack_bytes = options.stack_bytes;
  extras->pinned = options.pinned;
  if (options.loop.has_value()) extras->loop = *options.loop;
  core.owned_extras.store(extras.release(), std::memory_order_relaxed);
}

void submit(task_core& core) {
  worker* const here = worker::current();
  if (here == nullptr) [[unlikely]]
    throw_no_runtime(core);
  here->spawn(core);
}

void submit_to(scheduler& target, task_core& core) { target.submit(core); }

void release(task_core& core) noexcept {
  static_assert(std::is_trivially_destructible_v<task_core>);
  // The usual end is a plain value of a task without options.
  if (!leaves_nothing_to_destroy(core)) [[unlikely]]
    return release_all(core);
  free_task(&core, core.operations->block_class);
}

void release_unwanted(task_core& core) noexcept {
  if (leaves_nothing_to_destroy(core)) return free_task(&core, core.operations->block_class);
  const shield_guard quiet(std::nothrow);
  release_all(core);
}

}  // namespace heddle::detail
