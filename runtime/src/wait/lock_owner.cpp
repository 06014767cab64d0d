// SPDX-License-Identifier: MIT
// Whose lock is waited for.
#include <heddle/runtime/lock_owner.hpp>

#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

namespace heddle {

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
