// SPDX-License-Identifier: MIT
// Tickets under a mutex.
#include "global_lock.hpp"

namespace lab {

void global_lock::lock() {
  std::unique_lock guard(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  turn_.wait(guard, [&] { return serving_ == ticket; });
  taken_ = heddle::clock::now();
}

void global_lock::unlock() {
  {
    const std::lock_guard guard(mutex_);
    ++serving_;
  }
  turn_.notify_all();
}

void global_lock::give_way() {
  if (heddle::clock::now() - taken_ < switch_interval) return;
  unlock();
  lock();
}

}  // namespace lab
