// SPDX-License-Identifier: MIT
// The arena and its tokens.
#include "pool/cpu_pool.hpp"

#include "base/assert.hpp"
#include "base/tsan_order.hpp"
#include "pool/pool_thread.hpp"

#include <mutex>

namespace heddle::detail {

cpu_pool::cpu_pool(const config& settings, pools& owner)
    : settings_(settings), threads_are_{&owner, pool_kind::cpu, settings.debug} {}

cpu_pool::~cpu_pool() {
  waiter last(cancellation::shield);
  std::unique_lock guard(lock_);
  HEDDLE_ASSERT(empty(), "a CPU pool ends while calls stand in line");
  const bool waits = tokens_ != 0;
  if (waits) closer_ = &last;
  guard.unlock();
  if (waits) last.wait();
  // Whoever was last has unlocked then, or is about to.
  const std::lock_guard has_unlocked(lock_);
}

void cpu_pool::send_somebody() {
  std::call_once(started_, [this] {
    arena_.emplace(tbb_arena::settings{settings_.cpu_threads, settings_.pool_stack_bytes});
  });
  {
    const std::lock_guard guard(lock_);
    ++tokens_;
  }
  tsan_release(this);
  try {
    arena_->enqueue(&cpu_pool::token, this);
  } catch (...) {
    const std::lock_guard guard(lock_);
    --tokens_;
    throw;
  }
}

void cpu_pool::token(void* pool) noexcept { static_cast<cpu_pool*>(pool)->serve_one(); }

void cpu_pool::serve_one() noexcept {
  tsan_acquire(this);  // oneTBB has handed the token over in order; it is not instrumented
  const works_for_pool here(&threads_are_);
  resumption caller;
  resumption closer;
  std::unique_lock guard(lock_);
  if (pool_call* const call = take()) {
    guard.unlock();
    execute(*call);
    guard.lock();
    caller = finish(*call);
  }
  if (--tokens_ == 0 && closer_ != nullptr) closer = closer_->claim();
}

}  // namespace heddle::detail
