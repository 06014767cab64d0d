// SPDX-License-Identifier: MIT
// Calls in line for somebody who runs them, and their callers, who wait.
// Invariants: (1) a call is in the list while it is `queued`; (2) a call changes under lock_ only;
// (3) a call that is done is not touched after lock_ is released. Steps and proof: README.md.
#pragma once

#include <heddle/runtime/detail/pool_call.hpp>
#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/park.hpp>

#include <mutex>

namespace heddle::detail {

class call_line {
 public:
  virtual ~call_line() = default;

  /// Puts `call` in line and waits until it is done. On a fiber or a plain thread. Errors: what
  /// left the body; `cancelled`: it was never begun; what send_somebody() throws.
  void run(pool_call& call, wait_subject about);

  /// Runs the body of a call that has begun, and keeps what leaves it.
  static void execute(pool_call& call) noexcept;
  /// Has the caller see what came of a call that is done. Errors: what left the body.
  static void take_outcome(pool_call& call);

 protected:
  call_line() = default;
  call_line(const call_line&) = delete;
  call_line& operator=(const call_line&) = delete;

  /// Sees that somebody comes for a call that was put in line under the lock that it is handed.
  /// Errors: nobody can.
  virtual void send_somebody(std::unique_lock<spinlock> guard) = 0;

  // For those who come.
  /// Under the lock: begins the oldest call; null if there is none.
  pool_call* take() noexcept;
  /// Under the lock: whoever waits for `call` is to be resumed after it.
  resumption finish(pool_call& call) noexcept;
  /// Under the lock.
  bool empty() const noexcept { return oldest_ == nullptr; }

  spinlock lock_;

 private:
  std::unique_lock<spinlock> put(pool_call& call) noexcept;
  bool withdraw(pool_call& call) noexcept;
  void fail_another(const std::exception_ptr& error) noexcept;
  void unlink(pool_call& call) noexcept;
  wake_reason await(pool_call& call, cancellation mode, wait_subject about) noexcept;

  pool_call* oldest_ = nullptr;
  pool_call* youngest_ = nullptr;
};

}  // namespace heddle::detail
