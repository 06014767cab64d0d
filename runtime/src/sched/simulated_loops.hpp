// SPDX-License-Identifier: MIT
// The loops of a runtime under a policy: they take turns on one thread.
// A turn is a slice of one fiber, a look for work, a park or a wake-up: the code of production, cut
// where another loop could do something in between. Invariants: (1) between two turns no loop is
// inside a scheduler operation, so nothing here races and no lock is ever waited for; (2) time
// passes only when no loop has anything to do; (3) the thread's state is the loop's during its turn
// and null outside. Essay: README.md, "Under a policy".
#pragma once

#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/detail/policy.hpp>

#include <vector>

namespace heddle::detail {

class scheduler;
struct task_core;

class simulated_loops {
 public:
  simulated_loops(scheduler& owner, policy& decides);

  /// Gives turns until `until` is done.
  void run(const task_core* until) noexcept;
  /// Tells the policy what still lives, now that the main task is done.
  void leave_behind() noexcept;
  /// Cancels what still lives, and gives turns until it has ended.
  void run_out() noexcept;
  /// Returns whether it never will: then nothing of the runtime may be destroyed.
  bool abandoned() const noexcept { return abandoned_; }

 private:
  void give_turn(const task_core* until) noexcept;
  void find_ready() noexcept;
  void let_time_pass() noexcept;
  bool events_arrive() noexcept;
  void stop(policy::stop_kind why) noexcept;
  void cancel() noexcept;

  scheduler& owner_;
  policy& decides_;
  std::vector<unsigned> ready_;  // loops that could take the next turn
  bool adopted_ = false;         // the loops know their thread
  bool stopped_ = false;
  bool abandoned_ = false;
};

}  // namespace heddle::detail
