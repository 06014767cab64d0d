// SPDX-License-Identifier: MIT
// The caller's steps 1 to 5 and the server's 6 to 8 of README.md.
#include "pool/call_line.hpp"

#include "fiber/lent_context.hpp"
#include "wait/outside_wait.hpp"

#include <exception>
#include <mutex>
#include <utility>

namespace heddle::detail {

void call_line::run(pool_call& call, wait_subject about) {
  throw_if_cancelled();
  call.context = capture_context();
  put(call);
  try {
    send_somebody();
  } catch (...) {
    if (withdraw(call)) throw;  // else somebody has come all the same
  }
  const outside_wait counted;
  const wake_reason why = await(call, cancellation::deliver, about);
  if (why == wake_reason::cancelled) {
    if (withdraw(call)) throw_if_cancelled(why);
    if (call.stop != nullptr) call.stop(call);
    await(call, cancellation::shield, about);
  }
  if (call.error != nullptr) std::rethrow_exception(std::exchange(call.error, nullptr));
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

void call_line::put(pool_call& call) noexcept {
  const std::lock_guard guard(lock_);
  call.previous = youngest_;
  (youngest_ != nullptr ? youngest_->next : oldest_) = &call;
  youngest_ = &call;
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
}

resumption call_line::finish(pool_call& call) noexcept {
  call.reached = pool_call::stage::done;
  return call.caller == nullptr ? resumption{} : call.caller->claim();
}

}  // namespace heddle::detail
