// SPDX-License-Identifier: MIT
// A list with a lock.
#include <heddle/io/drain_stop.hpp>

namespace heddle::io {

void drain_stop::stop_now() noexcept {
  const std::lock_guard lock(guard_);
  if (stopped_) return;
  stopped_ = true;
  for (listener* each = first_; each != nullptr; each = each->next_) each->drain_stopped();
}

bool drain_stop::stopped() const noexcept {
  const std::lock_guard lock(guard_);
  return stopped_;
}

void drain_stop::add(listener& who) noexcept {
  const std::lock_guard lock(guard_);
  who.previous_ = nullptr;
  who.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &who;
  first_ = &who;
  if (stopped_) who.drain_stopped();
}

void drain_stop::remove(listener& who) noexcept {
  const std::lock_guard lock(guard_);
  if (who.next_ != nullptr) who.next_->previous_ = who.previous_;
  (who.previous_ != nullptr ? who.previous_->next_ : first_) = who.next_;
}

}  // namespace heddle::io
