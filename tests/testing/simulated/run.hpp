// SPDX-License-Identifier: MIT
// What tests/runtime/support/loops.hpp is in a program whose cases run under a seed: run(), found
// where with_loops() is, has the body run in a simulation, on the case's own thread.
// Invariants: (1) the sources of the cases are those of the program with threads; (2) the seed of
// the round decides everything: numbers of loops, schedules, and the numbers of random.hpp; (3)
// each failure tells the command that brings it back. The rounds themselves: main.cpp.
#pragma once

#include <heddle/runtime.hpp>
#include <heddle/testing/simulation.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <utility>

namespace heddle::test {

/// Settings for run() below. Also what a runtime takes, which has threads then.
struct simulated_config : config {};

/// One loop, or at least `loops` of them, if it is more than one: up to two more, as the seed says.
simulated_config with_loops(unsigned loops);

/// One to four loops, as the seed says.
simulated_config with_any_loops();

/// One simulation within a case, from its beginning to the account of what it has left behind.
class simulated_run {
 public:
  simulated_run(config settings, spawn_site where);
  ~simulated_run();
  simulated_run(const simulated_run&) = delete;
  simulated_run& operator=(const simulated_run&) = delete;

  heddle::testing::simulation& simulation() noexcept { return simulation_; }

  /// Fails the case: the simulation has thrown this.
  void fail(const std::exception& found);

 private:
  spawn_site where_;
  bool failed_before_;
  heddle::testing::simulation simulation_;
  ::testing::ScopedTrace told_with_failures_;
};

/// As heddle::run, in a simulation; left running or unhandled, everything fails the case.
template <class F>
decltype(auto) run(simulated_config settings, F&& body, spawn_site where = spawn_site::current()) {
  simulated_run one(std::move(settings), where);
  try {
    return one.simulation().run(std::forward<F>(body), where);
  } catch (const heddle::testing::deadlock& found) {
    one.fail(found);
    throw;
  } catch (const heddle::testing::endless& found) {
    one.fail(found);
    throw;
  }
}

/// What is a std::thread in the other program. Only in a fiber of run().
class plain_thread {
 public:
  template <class F>
  explicit plain_thread(F body) : fiber_(spawn(std::move(body))) {}
  void join() { fiber_.join(); }

 private:
  task<void> fiber_;
};

/// Calls `body` beside one loop, and beside several. The plain thread is for the other program.
template <class Body>
void everywhere(Body body) {
  run(with_loops(1), body);
  run(with_loops(2), body);
}

/// Lets every fiber and task that is ready now run until it waits or ends, whatever loop it is on:
/// time passes only when nobody can go on.
inline void let_all_run() { this_fiber::sleep_for(std::chrono::nanoseconds(1)); }

/// Whoever polls lets all go on. A yield might not: a seed may hold up those that are polled for,
/// as long as anybody else goes on.
inline void give_way() { let_all_run(); }
inline void let_others_run() { let_all_run(); }

}  // namespace heddle::test
