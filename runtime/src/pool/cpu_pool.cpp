// SPDX-License-Identifier: MIT
// The arena and its tokens.
#include "pool/cpu_pool.hpp"

#include <heddle/runtime/error.hpp>

#include "base/assert.hpp"
#include "base/spin_wait.hpp"
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

void cpu_pool::close() noexcept {
  waiter last(cancellation::shield);
  std::unique_lock guard(lock_);
  const bool waits = tokens_ > 0;
  if (waits) closer_ = &last;
  guard.unlock();
  if (waits) last.wait();
  arena_.reset();  // an orphan is run all the same, or not
  // Whoever was last is about to give up its share: a few instructions.
  const std::int64_t rest = 1 + orphans_.load(std::memory_order_relaxed);
  for (spin_wait pause; shares_.load(std::memory_order_relaxed) > rest;) pause.once();
  give_up_share();
}

void cpu_pool::give_up_share() noexcept {
  // order: acq_rel — what the others did with the pool happens before its end.
  if (shares_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void cpu_pool::send_somebody() {
  std::call_once(started_, [this] { arena_.emplace(wanted_); });
  shares_.fetch_add(1, std::memory_order_relaxed);
  count_token(1);
  tsan_release(this);
  try {
    arena_->enqueue(&cpu_pool::token, this);
  } catch (const std::bad_alloc&) {
    count_token(-1);  // there is none
    give_up_share();
    throw;
  } catch (const std::exception& error) {
    // The token is there, and keeps its share; whether it is ever run nobody can say.
    orphans_.fetch_add(1, std::memory_order_relaxed);
    count_token(-1);
    throw resource_exhausted(std::string("heddle: oneTBB has no thread for cpu(): ") +
                             error.what());
  }
}

void cpu_pool::count_token(std::int64_t change) noexcept {
  const std::lock_guard guard(lock_);
  tokens_ += change;
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
  resumption closer;
  std::unique_lock guard(lock_);
  if (pool_call* const call = take()) {
    guard.unlock();
    execute(*call);
    guard.lock();
    caller = finish(*call);
  }
  if (--tokens_ <= 0 && closer_ != nullptr) closer = std::exchange(closer_, nullptr)->claim();
}

}  // namespace heddle::detail
