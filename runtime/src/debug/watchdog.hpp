// SPDX-License-Identifier: MIT
// Looks at the loops of a runtime from a thread of its own, and reports the fiber that runs for
// longer than config::slow_slice, while it runs. Invariants: (1) what a report says was read in one
// slice, which had not ended; (2) while any loop runs, the watcher looks each interval; while
// none does, it sleeps without a time-out; (3) no fiber pays anything for it, and
// a loop only when it leaves its park: a bit of the word that it changes anyway. Not here: when a
// slice is worth a report (slice_notes.hpp), the stack of a fiber that runs (running_stack.hpp).
// Essay: README.md.
#pragma once

#include <heddle/runtime/owned_fd.hpp>

#include "debug/slice_notes.hpp"
#include "fiber/identity.hpp"
#include "sched/loop_watch.hpp"
#include "sched/worker.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace heddle::detail {

class scheduler;

class watchdog final : public loop_watch {
 public:
  explicit watchdog(scheduler& of);
  /// Starts its thread. Where the only loop runs on its caller's thread (heddle::run) it starts
  /// only after a slice that was too long, unless config::debug is set. Errors: resource_exhausted.
  void watch();
  /// Waits for a report that is being made.
  ~watchdog() override;

  void rouse() noexcept override;
  bool hear(const late_return& of) noexcept override;

 private:
  void start();
  void run() noexcept;
  /// Waits until it is time to look. Returns false if it is time to end.
  bool wait() noexcept;
  void look() noexcept;
  /// Returns whether no slice has begun since the last call.
  bool nothing_ran() noexcept;
  void report(worker& loop, worker::slice seen, std::chrono::nanoseconds lasted) noexcept;

  scheduler& of_;
  const std::chrono::nanoseconds interval_;
  std::vector<slice_notes> notes_;            // by loop
  std::uint64_t slices_ = ~std::uint64_t{0};  // of all loops, at the last look
  owned_fd timer_;
  std::mutex lock_;
  bool ends_ = false;  // under lock_
  std::thread thread_;
};

/// Has the slices of `of` watched, if its settings want that; not in a simulation, where no time
/// passes in a slice. Before the runtime is used. Errors: resource_exhausted.
void watch_slices(scheduler& of);

}  // namespace heddle::detail
