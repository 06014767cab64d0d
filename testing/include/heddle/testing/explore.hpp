// SPDX-License-Identifier: MIT
// Many schedules of one program: until one fails, which is then shrunk to few loops and few
// deviations and told with the command that replays it. Not here: one schedule (simulation.hpp).
#pragma once

#include <heddle/runtime/config.hpp>
#include <heddle/runtime/error.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace heddle::testing {

/// Which schedules are tried.
enum class exploration : std::uint8_t {
  random,  ///< one for each seed
  pct,     ///< one for each seed, by priorities: schedule_mode::pct
  /// All in which a loop that could go on waits at most `most_preemptions` times for another, for
  /// programs of a few fibers with a few suspension points.
  exhaustive,
};

/// How far an exploration got.
struct explore_progress {
  std::uint64_t runs = 0;  ///< shrinking apart
  bool complete = false;   ///< exhaustive: all schedules were tried
};

struct explore_options {
  /// How many schedules are tried, at most. pct also makes a first run, to count its turns.
  std::uint64_t seeds = 1000;
  std::uint64_t first_seed = 1;
  exploration mode = exploration::random;

  /// Simulated loops. Range 1..64. Exhaustive: two are enough for most bugs, and much fewer
  /// schedules.
  unsigned loops = 3;

  unsigned priority_changes = 2;  ///< of pct, in a run; 0: none
  unsigned most_preemptions = 2;  ///< of exhaustive, in a run; a theft is one too

  /// Turns after which a program in which no time passes is `endless`. At least 1.
  std::uint64_t most_turns = 100'000;

  /// Returns whether the run that has just ended failed, besides by an exception; called once a
  /// run. Empty: it did not.
  std::function<bool()> failed = {};

  /// How many runs shrinking may take; 0: the failure is told as it was found.
  unsigned shrink_runs = 300;

  /// What stands after the program's name in failure::command; empty: its arguments.
  std::string arguments = {};

  /// Filled when explore() returns, if given.
  explore_progress* progress = nullptr;

  /// The other settings of the runtime. `loops` and `spin` are not looked at.
  config settings = {};
};

/// A schedule under which the program failed.
struct failure {
  std::uint64_t seed = 0;     ///< of the schedule as it was found; 0 if no seed made it
  std::string schedule;       ///< simulation_options::schedule, shrunk
  std::string what;           ///< the exception's text
  std::string trace;          ///< simulation::trace() of the shrunk schedule
  std::string command;        ///< replays the shrunk schedule
  bool by_predicate = false;  ///< nothing was thrown: explore_options::failed said so
};

/// Runs `program` under one schedule after the other until one fails: it throws, deadlocks, goes on
/// for ever, is woken from another thread, leaves an error that nobody joins (unless `settings`
/// have an on_unhandled), or `failed` says so. `program` must do the same whenever it is called
/// with the same schedule; if a failure does not come again, `what` says so. With HEDDLE_SEED set,
/// to a seed or to a failure's schedule, only that one is run, and stderr says if it does not fail,
/// or if choices of the schedule did not come up. Returns: the failure, shrunk unless it comes from
/// HEDDLE_SEED; nothing if there was none. Errors: std::invalid_argument naming a bad option or
/// HEDDLE_SEED; std::logic_error in a fiber. Cost: a run for each seed; a failure takes up to
/// `shrink_runs` more, and one.
std::optional<failure> explore(const std::function<void()>& program,
                               const explore_options& options = {},
                               spawn_site where = spawn_site::current());

}  // namespace heddle::testing
