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
#include <utility>

namespace heddle::detail {

cpu_pool::cpu_pool(const config& settings, pools& owner)
    : wanted_{settings.cpu_threads, settings.pool_stack_bytes},
      threads_are_{&owner, pool_kind::cpu, settings.debug, cpus_of(settings)} {}

cpu_pool::~cpu_pool() { HEDDLE_ASSERT(empty(), "a CPU pool ends while calls stand in line"); }

void cpu_pool::run(pool_call& call, wait_subject about) {
  std::call_once(started_, [this] { arena_.emplace(wanted_); });
  call_line::run(call, about);
}

void cpu_pool::close() noexcept {
  waiter last(cancellation::shield);
  std::unique_lock guard(lock_);
  const bool waits = awaits_tokens();
  if (waits) closer_ = &last;
  guard.unlock();
  if (waits) last.wait();
  arena_.reset();  // an orphan is run all the same, or not
  guard.lock();
  const bool ends = --shares_ == 0;
  guard.unlock();
  if (ends) delete this;
}

void cpu_pool::send_somebody(std::unique_lock<spinlock> guard) {
  ++shares_;
  guard.unlock();
  tsan_release(this);
  try {
    arena_->enqueue(&cpu_pool::token, this);
  } catch (const std::bad_alloc&) {
    guard.lock();
    --shares_;  // there is no token
    throw;
  } catch (const std::exception& error) {
    // The token is there, and keeps its share; whether it is ever run nobody can say.
    guard.lock();
    ++orphans_;
    guard.unlock();
    throw resource_exhausted(std::string("heddle: oneTBB has no thread for cpu(): ") +
                             error.what());
  }
}

void cpu_pool::token(void* pool) noexcept {
  auto& self = *static_cast<cpu_pool*>(pool);
  tsan_acquire(&self);  // oneTBB has handed the token over in order; it is not instrumented
  if (self.serve_one()) delete &self;
}

/// Serves a call, if there is one, and gives up the token's share. Returns whether it was the last:
/// otherwise the pool may have ended.
bool cpu_pool::serve_one() noexcept {
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
  --shares_;
  if (!awaits_tokens() && closer_ != nullptr) closer = std::exchange(closer_, nullptr)->claim();
  return shares_ == 0;
}

}  // namespace heddle::detail
