// SPDX-License-Identifier: MIT
// Threads for calls that block: as many as there are such calls, up to a limit.
// Invariants: (1) under lock_: a call in line has an idle thread sent for it, or one that is being
// started, or every thread runs and will look at the line; (2) threads_ <= most_threads; (3) when
// the destructor returns, every thread has ended. Proof: README.md.
#pragma once

#include <heddle/runtime/config.hpp>

#include "pool/call_line.hpp"
#include "pool/pool_thread.hpp"

#include <pthread.h>

#include <mutex>
#include <optional>

namespace heddle::detail {

class blocking_pool final : public call_line {
 public:
  blocking_pool(const config& settings, pools& owner);
  /// Waits until its threads have ended; nobody calls any more.
  ~blocking_pool() override;

 private:
  /// A thread that has nothing to do, in its frame.
  struct idle_thread {
    waiter* self;
    idle_thread* next;
  };

  void send_somebody(std::unique_lock<spinlock> guard) override;
  bool needs_thread() noexcept;
  void start_thread() noexcept;
  void fail_all(int error_number) noexcept;
  static void* thread_main(void* self) noexcept;
  void serve() noexcept;
  void serve_until_idle(std::unique_lock<spinlock>& guard) noexcept;
  bool idle(std::unique_lock<spinlock>& guard, resumption& caller) noexcept;
  bool leave_idle(idle_thread& one) noexcept;

  const config settings_;
  const pool_thread threads_are_;

  // Under lock_.
  idle_thread* idle_ = nullptr;  // the one that idles since last
  unsigned threads_ = 0;
  bool starting_ = false;  // a thread is on its way, and will send others
  bool ending_ = false;
  waiter* closer_ = nullptr;       // the destructor
  std::optional<pthread_t> gone_;  // a thread that has gone, to be joined by the next
};

}  // namespace heddle::detail
