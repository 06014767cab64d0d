// SPDX-License-Identifier: MIT
// The arena and its tokens.
#include "pool/cpu_pool.hpp"

#include <heddle/runtime/error.hpp>

#include "base/assert.hpp"
#include "base/tsan_order.hpp"

#include <exception>
#include <mutex>
#include <new>
#include <string>

namespace heddle::detail {

cpu_pool::cpu_pool(const config& settings, pools& owner)
    : wanted_{settings.cpu_threads, settings.pool_stack_bytes},
      threads_are_{&owner, pool_kind::cpu, settings.debug, cpus_of(settings)} {}

cpu_pool::~cpu_pool() { HEDDLE_ASSERT(empty(), "a CPU pool ends while calls stand in line"); }

void cpu_pool::close() noexcept {
  arena_.reset();  // what was enqueued there is still run
  give_up_share();
}

void cpu_pool::give_up_share() noexcept {
  // order: acq_rel — what the others did with the pool happens before its end.
  if (shares_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void cpu_pool::send_somebody() {
  std::call_once(started_, [this] { arena_.emplace(wanted_); });
  shares_.fetch_add(1, std::memory_order_relaxed);
  tsan_release(this);
  try {
    arena_->enqueue(&cpu_pool::token, this);
  } catch (const std::bad_alloc&) {
    give_up_share();  // there is no token
    throw;
  } catch (const std::exception& error) {
    // The token is there, and keeps its share; whether it is ever run nobody can say.
    throw resource_exhausted(std::string("heddle: oneTBB has no thread for cpu(): ") +
                             error.what());
  }
}

void cpu_pool::token(void* pool) noexcept {
  auto& self = *static_cast<cpu_pool*>(pool);
  tsan_acquire(&self);  // oneTBB has handed the token over in order; it is not instrumented
  self.serve_one();
  self.give_up_share();
}

void cpu_pool::serve_one() noexcept {
  const works_for_pool here(&threads_are_);
  resumption caller;
  std::unique_lock guard(lock_);
  if (pool_call* const call = take()) {
    guard.unlock();
    execute(*call);
    guard.lock();
    caller = finish(*call);
  }
}

}  // namespace heddle::detail
