// SPDX-License-Identifier: MIT
// Cancels a program at each of its suspension points, in turn, and looks at what is left over.
// The program runs in a simulation, so that its n-th suspension point is the same in each run. It
// runs once to count them, then for each of them three times: cancelled when it gets there,
// cancelled once the fiber waits there, and timed out there; or, where only the task at the point
// is cancelled, twice. Invariant: up to that point a run is the one that counted.
#pragma once

#include <heddle/runtime/config.hpp>
#include <heddle/runtime/error.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace heddle::testing {

/// Whom a sweep cancels at a point.
enum class sweep_target : std::uint8_t {
  /// All of the program, from outside: cancelled, and as a deadline around it would.
  program,
  /// The task that is there, alone, as task::cancel() does; the others go on. Finds what it takes
  /// with it that another was to have: a wake-up, a permit. Where the first fiber is, the program.
  task,
};

/// Something of which there must be as much after the program as before: permits that can be had,
/// values in a channel, whether a lock can be taken.
struct sweep_account {
  std::string name;
  std::function<long long()> count;  ///< must not wait
};

struct sweep_options {
  /// Makes the schedule, as simulation_options::seed.
  std::uint64_t seed = 1;

  /// Simulated loops. Range 1..64.
  unsigned loops = 2;

  /// Runs in the first fiber before the program, and after it, whatever became of that; neither is
  /// cancelled, but what they leave running is the program's. `before` makes what the program uses
  /// anew: it has just been cancelled in the middle. `after` throws if something is wrong that no
  /// account tells.
  std::function<void()> before = {};
  std::function<void()> after = {};

  /// Counted after `before`, and again before `after`.
  std::vector<sweep_account> accounts = {};

  sweep_target target = sweep_target::program;

  /// Cancels there only: to look at one leak again. 0: everywhere.
  std::uint64_t only_point = 0;

  /// Suspension points, at most: a program with more is not swept to its end, which is an error.
  std::uint64_t most_points = 10'000;

  /// Turns after which a run in which no time passes is taken for one that never ends.
  std::uint64_t most_turns = 100'000;

  /// The other settings of the runtime. `loops` and `spin` are not looked at.
  config settings = {};
};

/// Something that a cancelled run left over, or did wrong.
struct sweep_leak {
  std::uint64_t point = 0;  ///< counted from 1; 0: the run in which nothing was cancelled
  std::string how;    ///< "cancelled before it waits", "cancelled while it waits", "timed out"
  std::string where;  ///< the fiber there, and what it waits for
  std::string what;   ///< what was left over: fibers, timers, descriptors, memory; an exception
};

struct sweep_report {
  std::uint64_t points = 0;  ///< suspension points of the program
  std::uint64_t runs = 0;
  std::vector<sweep_leak> leaks;
  std::string trace;  ///< simulation::trace() of the run with the first leak

  bool ok() const noexcept { return leaks.empty(); }
  /// Returns a line for each leak, and one that says how much was tried.
  std::string text() const;
};

/// Runs `program` in a simulation, again and again, and cancels it, or the task there, at
/// suspension point 1, 2, ... n, of whichever of its fibers. Leaks are: fibers and timers that
/// outlive it, descriptors (but of its own files in /proc) and sockets, blocks of operator new that
/// each of three equal runs leaves (in programs that link heddle::faults, which counts them), an
/// exception other than `cancelled`, an error that nobody joins (unless `settings` have an
/// on_unhandled), a deadlock, an account that differs, an exception of `after`. Where one task
/// alone was cancelled a task_cancelled is no error either: whoever joins it passes that on. That
/// the program returns though it was cancelled is none. Errors: std::invalid_argument naming an
/// option; std::length_error for more than `most_points`; std::logic_error in a fiber, or if two
/// runs differ before the point. Cost: 1 + 3 x points runs, or 1 + 2 x points. HEDDLE_SEED is not
/// looked at.
sweep_report cancel_sweep(const std::function<void()>& program, const sweep_options& options = {},
                          spawn_site where = spawn_site::current());

}  // namespace heddle::testing
