// SPDX-License-Identifier: MIT
// The list of a wait_queue; all of it runs under the queue's lock.
#include <heddle/runtime/wait_queue.hpp>

#include "fiber/parker.hpp"

#include <cstdio>
#include <cstdlib>

namespace heddle {

void wait_queue::append(waiter& entry) noexcept {
  entry.linked_ = true;
  entry.next_ = nullptr;
  entry.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &entry;
  last_ = &entry;
}

void wait_queue::unlink(waiter& entry) noexcept {
  (entry.previous_ != nullptr ? entry.previous_->next_ : first_) = entry.next_;
  (entry.next_ != nullptr ? entry.next_->previous_ : last_) = entry.previous_;
  entry.linked_ = false;
}

void wait_queue::leave(waiter& entry) noexcept {
  std::lock_guard guard(lock_);
  if (entry.linked_) unlink(entry);
}

resumption wait_queue::claim_first(wake_reason reason) noexcept {
  while (first_ != nullptr) {
    waiter& entry = *first_;
    unlink(entry);
    if (resumption claimed = entry.claim(reason)) return claimed;
  }
  return {};
}

void wait_queue::stop_destroyed() const noexcept {
  const wait_kind* const kind = first_->who_->subject().kind();
  std::fprintf(stderr, "heddle::wait_queue: destroyed while somebody waits in it, for %s\n",
               kind != nullptr ? kind->name : "what was not said");
  std::abort();
}

}  // namespace heddle
