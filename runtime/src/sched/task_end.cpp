// SPDX-License-Identifier: MIT
// Ending a task: the runner's side of task_core.hpp's state word.
#include "sched/task_end.hpp"

#include <heddle/runtime/cancel.hpp>

#include "fiber/task_storage.hpp"
#include "sched/resume.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <bit>
#include <new>
#include <string>

namespace heddle::detail {

namespace {

unhandled_error describe_failure(task_core& core) noexcept {
  unhandled_error error;
  error.id = core.id;
  error.spawned_at = {core.file, core.line};
  error.error = stored_failure(core);
  try {
    error.name = name_of(core);
  } catch (const std::bad_alloc&) {
    // Better without the name than not at all.
  }
  return error;
}

void wake_joiner(std::uint64_t state) noexcept {
  auto* const joiner =
      std::bit_cast<parker*>(static_cast<std::uintptr_t>(state & task_core::joiner));
  if (joiner == nullptr) return;
  // The joiner does not leave its wait before it has seen done (invariant 3): the present wait is
  // the join.
  visit_if_foreign visit(*joiner);
  if (joiner->word.claim_current(wake_reason::event) == wake_word::claim_result::won_parked) {
    resume_parker(*joiner);
  }
}

/// Reports and frees. The hook may suspend, so the fiber may be on another loop afterwards.
void end_detached(task_core& core) noexcept {
  fiber& self = *worker::current_fiber();
  report_failure(core);
  end_unwanted(self, core);
}

}  // namespace

std::exception_ptr stored_failure(task_core& core) noexcept {
  return *static_cast<std::exception_ptr*>(
      static_cast<void*>(reinterpret_cast<std::byte*>(&core) + core.operations->payload_offset));
}

void report_failure(task_core& core) noexcept {
  if (core.outcome != task_outcome::failure) return;
  const shield_guard quiet(std::nothrow);  // the hook may suspend, and must not throw
  if (core.extras() != nullptr && core.extras()->hooks != nullptr) {
    core.extras()->hooks->unhandled(describe_failure(core));
  } else {
    print_unhandled("heddle", describe_failure(core));
  }
}

void end_unwanted(fiber& self, task_core& core) noexcept {
  if (!leaves_nothing_to_destroy(core)) {
    const shield_guard quiet(std::nothrow);  // the result must not meet the task's cancellation
    core.operations->destroy(core);
    core.outcome = task_outcome::destroyed;
  }
  if (self.storage != nullptr) end_storage(self);  // of the hook, and of the result's end
  release(core);
}

void keep_hooks(task_core& core, const worker& here) noexcept {
  try {
    spawn_extras* extras = core.extras();
    if (extras == nullptr) extras = new spawn_extras;
    extras->hooks = here.owner().hooks;
    // order: release — partner: extras().
    core.owned_extras.store(extras, std::memory_order_release);
  } catch (const std::bad_alloc&) {
    // The report goes to stderr then.
  }
}

void end_watched(task_core& core, worker& here, std::uint64_t seen) noexcept {
  if (is_set(seen, task_core::shared)) {
    // order: acq_rel — as in begin_end(), which has found out that a lone loop must do it so, too.
    seen = core.state.fetch_add(task_core::completing, std::memory_order_acq_rel);
  }
  if (is_set(seen, task_core::busy)) {
    // Whoever came later has seen completing, and changed nothing that counts.
    spin_until(core.state, [](std::uint64_t word) { return !is_set(word, task_core::busy); });
  }
  if (is_set(seen, task_core::detached)) {
    end_detached(core);
    worker::current()->count_finished();  // after its report, which may have changed loops
    return;
  }
  here.count_finished();  // before anybody can see the end
  wake_joiner(seen);
  publish_end(core, here);
}

void end_claimed_task(task_core& core, worker& here) noexcept {
  core.runner.store(nullptr, std::memory_order_relaxed);
  here.count_finished();
  if (core.outcome == task_outcome::failure) [[unlikely]]
    keep_hooks(core, here);
  // The joiner holds the handle and has left its stack: nobody else looks at the word.
  // order: release — partner: is_done().
  core.stage.store(task_stage::done, std::memory_order_release);
}

void register_claimer(task_core& core, const parker& joiner) noexcept {
  const std::uint64_t before = core.state.load(std::memory_order_relaxed);
  // order: release — the wait has begun; partner: end_task(). The joiner holds the handle, and the
  // runner is the caller: nobody else changes the word.
  core.state.store(before | reinterpret_cast<std::uintptr_t>(&joiner), std::memory_order_release);
}

}  // namespace heddle::detail
