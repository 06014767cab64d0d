// SPDX-License-Identifier: MIT
// Who calls, and whose lock is waited for.
#include <heddle/runtime/lock_owner.hpp>

#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

namespace heddle {

fiber_id caller_id() noexcept {
  if (const detail::fiber* const self = detail::worker::current_fiber()) return self->task->id;
  return detail::id_of_plain_thread();
}

lock_wait::lock_wait(wait_subject lock, owner_of held_by) noexcept
    : lock_(lock), held_by_(held_by), who_(detail::worker::current_fiber()) {
  if (who_ == nullptr) return;
  who_->home->lock_waits.add(*this);
  who_->home->lock_waits.report_cycle(*this, *who_->home->hooks);
}

lock_wait::~lock_wait() {
  if (who_ != nullptr) who_->home->lock_waits.remove(*this);
}

}  // namespace heddle
