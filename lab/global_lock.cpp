// SPDX-License-Identifier: MIT
// Tickets under a mutex.
#include "global_lock.hpp"

#include <unistd.h>

namespace lab {

void global_lock::lock() {
  std::unique_lock guard(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  free_.wait(guard, [&] { return serving_ == ticket; });
  taken_ = heddle::clock::now();
}

void global_lock::unlock() {
  {
    const std::lock_guard guard(mutex_);
    turns_.push_back({::gettid(), taken_, heddle::clock::now()});
    ++serving_;
  }
  free_.notify_all();
}

void global_lock::give_way() {
  if (heddle::clock::now() - taken_ < switch_interval) return;
  unlock();
  lock();
}

std::vector<global_lock::turn> global_lock::turns() const {
  const std::lock_guard guard(mutex_);
  return turns_;
}

}  // namespace lab
