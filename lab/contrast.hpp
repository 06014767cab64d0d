// SPDX-License-Identifier: MIT
// Part 4: concurrency and parallelism set side by side. One job that computes and one that waits
// and computes, in each of the ways of ways.hpp, with an echo beside it on the same loops: how long
// the job takes, what it gains from more workers, and how long everybody else waits meanwhile.
// Invariants: (1) every run's answer is checked; (2) the rounds stop before the part has taken 25
// s, after one at least.
#pragma once

#include "primes.hpp"
#include "settings.hpp"
#include "trace.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lab {

enum class way { one_loop, global_lock, thread_each, loops, loops_one_free, cpu_pool };

/// A way with so many workers: loops, threads that share a lock, threads of the pool.
struct setup {
  way how = way::one_loop;
  unsigned workers = 1;

  bool operator==(const setup&) const = default;
};

/// From when to when somebody waited for an echo, since the job began.
struct echo_wait {
  double begin_ms = 0;
  double end_ms = 0;
};

/// From when to when a thread had the lock.
struct lock_turn {
  pid_t thread = 0;
  double begin_ms = 0;
  double end_ms = 0;
};

/// A setup's best round; the echo's lateness of all rounds, sorted.
struct contrast_run {
  setup with;
  double wall_ms = 0;
  double cpu_ms = 0;
  bool right = false;  ///< the answer, in every round
  std::vector<double> idle_ms;
  std::vector<double> busy_ms;
  std::vector<echo_wait> waits;
  timeline spans;                ///< of the ways that run on loops
  std::vector<lock_turn> turns;  ///< of the way with a lock
};

struct job_contrast {
  prime_job job;
  std::uint64_t primes = 0;  ///< by plain calls
  double serial_ms = 0;
  double serial_cpu_ms = 0;
  std::vector<contrast_run> runs;

  /// Returns a run, or null if there was none.
  const contrast_run* find(setup with) const;
  double speed_up(const contrast_run& of) const { return serial_ms / of.wall_ms; }
  bool right() const;
};

struct contrast_result {
  unsigned cpus = 1;
  std::vector<unsigned> workers;  ///< of the ways that have a number of them
  unsigned rounds = 0;
  job_contrast computing;
  job_contrast mixed;

  bool right() const { return computing.right() && mixed.right(); }
};

/// Returns 1 ... 2 * cpus, or, if these are many, powers of two, `cpus` and twice that.
std::vector<unsigned> worker_counts(unsigned cpus);

/// Returns a setup for each way, as a program on so many CPUs would have it.
std::vector<setup> usual_setups(unsigned cpus, const prime_job& job);

std::string name_of(setup with);

/// Returns the value below which that share of the sorted values lies; 0 if there are none.
double percentile(const std::vector<double>& sorted, double part);

/// Does the job once, with the echo beside it. Blocks the calling plain thread.
contrast_run measure_once(setup with, const prime_job& job, std::uint64_t primes);

contrast_result run_contrast(const settings& with);

}  // namespace lab
