// SPDX-License-Identifier: MIT
// The caller's steps 1 to 5 and the server's 6 to 8 of README.md.
#include "pool/call_line.hpp"

#include "fiber/lent_context.hpp"
#include "wait/outside_wait.hpp"

#include <cerrno>
#include <exception>
#include <mutex>
#include <utility>

namespace heddle::detail {

namespace {

// Not inlined: where a fiber goes on on another thread, errno has another address.
__attribute__((noinline)) void set_errno(int value) noexcept { errno = value; }
__attribute__((noinline)) int get_errno() noexcept { return errno; }

}  // namespace

void call_line::run(pool_call& call, wait_subject about) {
  throw_if_cancelled();
  call.context = capture_context();
  try {
    send_somebody(put(call));
  } catch (...) {
    if (withdraw(call)) throw;
    // Who has taken it was sent for another call, for which nobody comes now.
    fail_another(std::current_exception());
  }
  const outside_wait counted;
  const wake_reason why = await(call, cancellation::deliver, about);
  if (why == wake_reason::cancelled) {
    if (withdraw(call)) throw_if_cancelled(why);
    if (call.stop != nullptr) call.stop(call);
    await(call, cancellation::shield, about);
  }
  take_outcome(call);
}

void call_line::take_outcome(pool_call& call) {
  set_errno(call.error_number);
  if (call.error != nullptr) std::rethrow_exception(std::exchange(call.error, nullptr));
}

void call_line::fail_another(const std::exception_ptr& error) noexcept {
  resumption caller;
  const std::lock_guard guard(lock_);
  if (pool_call* const other = take()) {
    other->error = error;
    caller = finish(*other);
  }
}

wake_reason call_line::await(pool_call& call, cancellation mode, wait_subject about) noexcept {
  waiter self(mode, about);
  {
    const std::lock_guard guard(lock_);
    if (call.reached == pool_call::stage::done) return wake_reason::event;
    call.caller = &self;
  }
  const wake_reason why = self.wait();
  if (why != wake_reason::event) {
    const std::lock_guard guard(lock_);
    call.caller = nullptr;
  }
  return why;
}

/// Returns holding the lock.
std::unique_lock<spinlock> call_line::put(pool_call& call) noexcept {
  std::unique_lock guard(lock_);
  call.previous = youngest_;
  (youngest_ != nullptr ? youngest_->next : oldest_) = &call;
  youngest_ = &call;
  return guard;
}

bool call_line::withdraw(pool_call& call) noexcept {
  const std::lock_guard guard(lock_);
  if (call.reached != pool_call::stage::queued) return false;
  unlink(call);
  return true;
}

void call_line::unlink(pool_call& call) noexcept {
  (call.previous != nullptr ? call.previous->next : oldest_) = call.next;
  (call.next != nullptr ? call.next->previous : youngest_) = call.previous;
}

pool_call* call_line::take() noexcept {
  pool_call* const call = oldest_;
  if (call == nullptr) return nullptr;
  unlink(*call);
  call->reached = pool_call::stage::begun;
  return call;
}

void call_line::execute(pool_call& call) noexcept {
  try {
    const lent_context lent(call.context);
    call.body(call);
  } catch (...) {
    call.error = std::current_exception();
  }
  call.error_number = get_errno();
}

resumption call_line::finish(pool_call& call) noexcept {
  call.reached = pool_call::stage::done;
  return call.caller == nullptr ? resumption{} : call.caller->claim();
}

}  // namespace heddle::detail
