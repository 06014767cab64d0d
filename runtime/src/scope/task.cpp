// SPDX-License-Identifier: MIT
// Submitting, joining, cancelling and dropping tasks: the handle's side of task_core.hpp's state
// word. Not here: the runner's side (sched/task_end.cpp). The proof that each core is freed once
// and not touched after is in wait/README.md, "Joining a task".
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/task.hpp>

#include "base/assert.hpp"
#include "base/heavy_fence.hpp"
#include "sched/cancel.hpp"
#include "sched/scheduler.hpp"
#include "sched/task_end.hpp"
#include "sched/worker.hpp"
#include "wait/waiting.hpp"

#include <bit>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace heddle::detail {

namespace {

bool is_foreign(std::uint64_t state) noexcept {
  const std::uint64_t tag = state >> task_core::lone_loop_shift;
  if (tag == 0) return false;
  const worker* const here = worker::current();
  return here == nullptr || here->lone_tag() != tag;
}

/// Before the handle's owner changes the word: a lone loop, whose ends have no fence, is told to
/// end this task by the locked way. The fence is for both; once a task, and the loop never waits
/// for it.
void share_with_loop(task_core& core) noexcept {
  const std::uint64_t seen = core.state.load(std::memory_order_relaxed);
  if (is_set(seen, task_core::shared) || !is_foreign(seen)) return;
  // order: seq_cst — shared, then stage; partner: begin_end(): stage, then state.
  core.state.fetch_or(task_core::shared, std::memory_order_seq_cst);
  heavy_fence();
}

/// Returns whether the runner has come too far to find what is put into the word now; `seen` is
/// the word.
bool has_ended(const task_core& core, std::uint64_t seen) noexcept {
  return is_set(seen, task_core::completing) ||
         core.stage.load(std::memory_order_relaxed) != task_stage::open;
}

void wait_for_done(const task_core& core) noexcept {
  spin_until(core.stage, [](task_stage seen) { return seen == task_stage::done; });
}

/// Puts the caller's parker into the word. Returns false if the task has ended meanwhile.
bool register_joiner(task_core& core, const parker& self) noexcept {
  const auto joiner = std::bit_cast<std::uintptr_t>(&self);
  HEDDLE_ASSERT((joiner & ~task_core::joiner) == 0, "join: an address of more than 48 bits");
  share_with_loop(core);
  std::uint64_t seen = core.state.load(std::memory_order_relaxed);
  do {
    if (has_ended(core, seen)) return false;
    HEDDLE_ASSERT((seen & task_core::joiner) == 0, "join: somebody else is joining this task");
    // order: release — the wait has begun; partner: end_task().
  } while (!core.state.compare_exchange_weak(seen, seen | joiner, std::memory_order_release,
                                             std::memory_order_relaxed));
  return true;
}

/// Takes it out again. Returns false if the runner has found it: then the task has ended.
bool unregister_joiner(task_core& core) noexcept {
  share_with_loop(core);
  std::uint64_t seen = core.state.load(std::memory_order_relaxed);
  do {
    if (has_ended(core, seen)) return false;
    // order: relaxed — nothing is published by leaving.
  } while (!core.state.compare_exchange_weak(seen, seen & ~task_core::joiner,
                                             std::memory_order_relaxed, std::memory_order_relaxed));
  return true;
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
  } else {
    std::free(block);
  }
}

namespace {

[[noreturn]] __attribute__((noinline)) void throw_no_runtime(const task_core& core) {
  if (is_set(core.state.load(std::memory_order_relaxed), task_core::child)) {
    throw std::logic_error(
        "heddle::task_group::spawn outside a fiber: groups, and gather, race, any and map, start "
        "their children in the runtime of the fiber that calls");
  }
  throw std::logic_error("heddle::spawn outside a fiber: use runtime::spawn from plain threads");
}

}  // namespace

void submit(task_core& core) {
  worker* const here = worker::current();
  if (here == nullptr) [[unlikely]]
    throw_no_runtime(core);
  here->spawn(core);
}

void submit_to(scheduler& target, task_core& core) { target.submit(core); }

void throw_no_task(const char* operation) {
  throw std::logic_error(std::string("heddle::task::") + operation +
                         ": this handle has no task (joined, detached or moved from)");
}

void rethrow_outcome(task_core& core) {
  if (core.outcome == task_outcome::failure) std::rethrow_exception(stored_failure(core));
  const std::string_view name = name_of(core);
  throw task_cancelled("heddle: task " +
                       (name.empty() ? std::to_string(static_cast<std::uint64_t>(core.id))
                                     : "\"" + std::string(name) + "\"") +
                       " was cancelled");
}

namespace {

/// Ends a join whose wait has ended for `reason`. Returns false if it was cancelled: the task goes
/// on.
bool leave_join(task_core& core, wake_reason reason) noexcept {
  if (reason == wake_reason::cancelled && unregister_joiner(core)) return false;
  wait_for_done(core);
  return true;
}

/// A task that waited for its own end would wait for ever.
void check_other_task(const task_core& core, const fiber* self, cancellation mode) {
  if (self == nullptr || self->task != &core) return;
  HEDDLE_ASSERT(mode == cancellation::deliver,
                "~task: a task owns the handle to itself, and would wait for its own end");
  throw std::logic_error("heddle::task::join: a task joins itself");
}

/// Waits for the end. Returns false if the wait was cancelled: the task goes on.
/// Errors: std::logic_error if it is the caller itself; shielded, the process stops.
inline __attribute__((always_inline)) bool await_end(task_core& core, cancellation mode) {
  if (is_done(core)) return true;
  fiber* const self = worker::current_fiber();
  const bool may_claim = self != nullptr && (self->attention.load(std::memory_order_relaxed) == 0 ||
                                             !is_cancelled(*self, floor_now(*self)));
  if (may_claim && worker::claim(*self, core, mode)) {
    return is_done(core) || leave_join(core, self->word.outcome().reason);
  }
  check_other_task(core, self, mode);
  begun_wait wait(mode, {join_kind, core.id});
  if (!register_joiner(core, wait.who())) {
    wait_for_done(core);
    return true;
  }
  return leave_join(core, wait.park({}));
}

}  // namespace

bool watch_end(task_core& core, const waiter& self) {
  if (is_done(core)) return false;
  check_other_task(core, worker::current_fiber(), cancellation::deliver);
  const auto mine = std::bit_cast<std::uintptr_t>(self.who_);
  if ((core.state.load(std::memory_order_relaxed) & task_core::joiner) == mine) return true;
  return register_joiner(core, *self.who_);
}

bool unwatch_end(task_core& core) noexcept {
  if (is_done(core)) return true;
  if (unregister_joiner(core)) return false;
  wait_for_done(core);
  return true;
}

void wait_done(task_core& core) {
  if (!await_end(core, cancellation::deliver)) throw_if_cancelled(wake_reason::cancelled);
}

namespace {

/// Keeps the fiber that runs a task on it: its end waits until the canceller has gone.
class held_fiber {
 public:
  explicit held_fiber(task_core& core) noexcept
      // order: seq_cst — the request, then the runner; partner: begun_wait, which at a body's first
      // wait reads the word after a fence.
      : core_(core),
        before_(
            core.state.fetch_or(task_core::busy | task_core::cancel, std::memory_order_seq_cst)) {}
  ~held_fiber() {
    // order: release — partner: end_watched().
    core_.state.fetch_and(~task_core::busy, std::memory_order_release);
  }
  held_fiber(const held_fiber&) = delete;
  held_fiber& operator=(const held_fiber&) = delete;

  /// Returns who runs the task; null if it has not begun, or has come too far.
  fiber* runner() const noexcept {
    if (has_ended(core_, before_)) return nullptr;
    // order: seq_cst — after the request.
    return core_.runner.load(std::memory_order_seq_cst);
  }

 private:
  task_core& core_;
  std::uint64_t before_;
};

}  // namespace

void request_cancel(task_core& core) noexcept {
  share_with_loop(core);
  // Asked again and again, the end must not be made to wait again and again.
  if (has_ended(core, core.state.load(std::memory_order_relaxed))) return;
  cancel_list groups({});
  const held_fiber held(core);
  fiber* const runner = held.runner();
  if (runner == nullptr) return;
  // The fiber keeps its runtime.
  ask_to_leave(*runner, 0, groups);
}

namespace {

/// Leaves the core to the runner. Returns false if the task has ended: it stays the caller's.
bool leave_to_runner(task_core& core) noexcept {
  share_with_loop(core);
  // A lone loop's end shows in the stage alone; beside other loops the word below decides.
  if (has_ended(core, 0)) return false;
  // order: acq_rel — who of runner and handle is second frees the core and sees the other's writes.
  const std::uint64_t before = core.state.fetch_or(task_core::detached, std::memory_order_acq_rel);
  return !is_set(before, task_core::completing);
}

}  // namespace

void detach(task_core& core) noexcept {
  if (!is_done(core) && leave_to_runner(core)) return;
  wait_for_done(core);
  report_failure(core);
  release_unwanted(core);
}

void drop(task_core& core) noexcept {
  if (!is_done(core)) {
    request_cancel(core);
    await_end(core, cancellation::shield);
  }
  report_failure(core);
  release_unwanted(core);
}

namespace {

__attribute__((noinline)) void release_all(task_core& core) noexcept {
  const std::size_t at = core.operations->block_class;
  core.operations->destroy(core);
  delete core.extras();
  free_task(&core, at);
}

}  // namespace

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

}  // namespace heddle::detail
