// SPDX-License-Identifier: MIT
// The production scheduler under a seed: N loops take turns on the calling thread, time is virtual,
// and the seed makes every choice, so that the same seed gives the same run.
// What is chosen: which loop takes the next turn, from whom it steals, which case of a select, in
// which order timers fire that are due at once. A turn lasts up to a suspension point, even if
// nothing has to wait there: between two suspension points nothing else runs. Time passes only when
// nothing can go on, and then to the next timer at once. Invariants: (1) user code needs no change
// and no other build; (2) fiber ids begin with 1, the clock with the same hour, so a run prints the
// same text, addresses apart; (3) after run() nothing of the program lives. Not here: many seeds
// (explore.hpp). Real descriptors work as far as the program itself makes them ready (pipes, socket
// pairs).
#pragma once

#include <heddle/runtime/config.hpp>
#include <heddle/runtime/detail/simulated_run.hpp>
#include <heddle/runtime/error.hpp>
#include <heddle/testing/network.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle::testing {

namespace detail {
class decisions;
}

/// How a schedule is made from a seed.
enum class schedule_mode : std::uint8_t {
  random,  ///< each loop that could go on is as likely
  /// Loops have priorities, which change at a few points: finds bugs that need a rare order of a
  /// few steps. Source: PCT, Burckhardt et al. 2010, doi:10.1145/1736020.1736040.
  pct,
};

struct simulation_options {
  std::uint64_t seed = 0;

  /// Simulated loops. Range 1..64.
  unsigned loops = 3;

  schedule_mode mode = schedule_mode::random;

  /// Of pct: how often the priorities change, and within how many turns (at least 1).
  unsigned priority_changes = 2;
  std::uint64_t expected_turns = 1000;

  /// A schedule that explore() has printed, in the place of seed, loops and mode; empty: none.
  std::string schedule = {};

  /// How many turns may follow one another before time passes; more are an `endless` program. At
  /// least 1.
  std::uint64_t most_turns = 1'000'000;

  /// How many of the last records the trace keeps.
  std::size_t most_records = 100'000;

  /// The other settings of the runtime. `loops` and `spin` are not looked at.
  config settings = {};
};

/// All fibers wait for one another: what() lists who waits for what, and who holds it. They have
/// been cancelled and unwound; those that wait shielded for what cannot come are never run again,
/// and what is left of the simulation's runtime is not freed.
class deadlock : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Fibers take turns for ever while time stands still: what() lists them.
class endless : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs programs under a seed. Used by one plain thread.
class simulation {
 public:
  explicit simulation(std::uint64_t seed = 0);
  /// Errors: std::invalid_argument naming the option.
  explicit simulation(simulation_options options);
  ~simulation();
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  /// Runs `body()` as the first fiber of a new runtime. Returns: its value, after everything it
  /// left running was cancelled and has ended. Errors: what left `body`; deadlock and endless, once
  /// the fibers were cancelled and have unwound; std::logic_error in a fiber, and if another thread
  /// woke a fiber of the simulation or spawned one. An error that nobody joins goes to
  /// config::on_unhandled. Again with the same seed: the same run.
  template <class F>
  decltype(auto) run(F&& body, spawn_site where = spawn_site::current()) {
    return heddle::detail::run_simulated(begin(), decisions(), std::forward<F>(body), where);
  }

  /// Returns the network that the program's TCP sockets are in.
  network& net() noexcept { return net_; }

  /// Returns what happened in the last run, a line each: time, loop, what, fiber.
  std::string trace() const;
  /// Returns a number that differs, most likely, if two runs differ in anything that trace() tells,
  /// lines that it no longer keeps included.
  std::uint64_t digest() const noexcept;
  /// Returns how many turns the last run took.
  std::uint64_t turns() const noexcept;
  /// Returns how much virtual time the last run took; in a fiber, how much has passed.
  std::chrono::nanoseconds elapsed() const noexcept;
  /// Returns what was still running when the body had ended, described; empty if nothing was.
  const std::string& left_behind() const noexcept;

 private:
  config begin();
  heddle::detail::policy& decisions() noexcept;

  simulation_options options_;
  std::unique_ptr<detail::decisions> decisions_;
  network net_;
};

}  // namespace heddle::testing
