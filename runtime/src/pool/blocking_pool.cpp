// SPDX-License-Identifier: MIT
// How threads come, idle and go.
#include "pool/blocking_pool.hpp"

#include <heddle/runtime/error.hpp>

#include "base/assert.hpp"
#include "base/loop_thread.hpp"
#include "base/sized_thread.hpp"
#include "pool/pool_thread.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <utility>

namespace heddle::detail {

blocking_pool::blocking_pool(const config& settings, pools& owner)
    : settings_(settings),
      threads_are_{&owner, pool_kind::blocking, settings.debug, cpus_of(settings)} {}

blocking_pool::~blocking_pool() {
  waiter last(cancellation::shield);
  resumption_list idle;
  bool waits = false;
  {
    const std::lock_guard guard(lock_);
    HEDDLE_ASSERT(empty(), "a blocking pool ends while calls stand in line");
    ending_ = true;
    for (; idle_ != nullptr; idle_ = idle_->next) idle.add(idle_->self->claim());
    waits = threads_ != 0;
    if (waits) closer_ = &last;
  }
  idle.resume_all();
  if (waits) last.wait();
  if (gone_.has_value()) ::pthread_join(*gone_, nullptr);
}

/// Under the lock: returns whether somebody must start a thread, and counts it if so.
bool blocking_pool::needs_thread() noexcept {
  if (empty() || idle_ != nullptr || starting_ || threads_ == settings_.max_blocking_threads) {
    return false;
  }
  starting_ = true;
  ++threads_;
  return true;
}

void blocking_pool::send_somebody(std::unique_lock<spinlock> guard) {
  if (idle_ != nullptr) {
    // Should it have timed out in this moment, it is about to look at the line too.
    resumption chosen = std::exchange(idle_, idle_->next)->self->claim();
    guard.unlock();
    return chosen.resume();
  }
  const bool starts = needs_thread();
  guard.unlock();
  if (starts) start_thread();
}

void blocking_pool::start_thread() noexcept {
  pthread_t handle;
  const int error =
      start_sized_thread(handle, settings_.pool_stack_bytes, &blocking_pool::thread_main, this);
  if (error == 0) return;
  std::unique_lock guard(lock_);
  starting_ = false;
  if (--threads_ != 0) return;  // the others serve the line
  guard.unlock();
  fail_all(error);
}

void blocking_pool::fail_all(int error_number) noexcept {
  for (;;) {
    std::unique_lock guard(lock_);
    pool_call* const call = take();
    guard.unlock();
    if (call == nullptr) return;
    try {
      throw resource_exhausted("heddle: cannot start a thread for blocking(): " +
                               std::string(std::strerror(error_number)));
    } catch (...) {
      call->error = std::current_exception();
    }
    guard.lock();
    resumption caller = finish(*call);
    guard.unlock();
  }
}

void* blocking_pool::thread_main(void* self) noexcept {
  static_cast<blocking_pool*>(self)->serve();
  return nullptr;
}

void blocking_pool::serve() noexcept {
  std::array<char, 16> name{};
  std::snprintf(name.data(), name.size(), "%.9s-block", settings_.name.c_str());
  ::pthread_setname_np(::pthread_self(), name.data());
  const loop_thread signals({.pin = false, .index = 0, .handles_signals = false});
  const works_for_pool here(&threads_are_);
  std::unique_lock guard(lock_);
  starting_ = false;
  serve_until_idle(guard);
  --threads_;
  const std::optional<pthread_t> before = std::exchange(gone_, ::pthread_self());
  resumption closer = closer_ != nullptr && threads_ == 0 ? closer_->claim() : resumption{};
  guard.unlock();
  if (before.has_value()) ::pthread_join(*before, nullptr);
}

void blocking_pool::serve_until_idle(std::unique_lock<spinlock>& guard) noexcept {
  resumption caller;  // of the last call
  do {
    while (pool_call* const call = take()) {
      const bool starts = needs_thread();
      guard.unlock();
      caller.resume();
      if (starts) start_thread();
      execute(*call);
      guard.lock();
      caller = finish(*call);
    }
  } while (!ending_ && idle(guard, caller));
}

/// Returns whether there may be something to do again.
bool blocking_pool::idle(std::unique_lock<spinlock>& guard, resumption& caller) noexcept {
  waiter self(cancellation::shield);
  idle_thread me{&self, idle_};
  idle_ = &me;
  guard.unlock();
  caller.resume();
  const wake_reason why = self.wait(deadline::after(settings_.blocking_keep_alive));
  guard.lock();
  return why == wake_reason::event || !leave_idle(me) || !empty();
}

/// Under the lock: takes a thread off the idle ones. Returns false if it has been sent for a call.
bool blocking_pool::leave_idle(idle_thread& one) noexcept {
  for (idle_thread** link = &idle_; *link != nullptr; link = &(*link)->next) {
    if (*link != &one) continue;
    *link = one.next;
    return true;
  }
  return false;
}

}  // namespace heddle::detail
