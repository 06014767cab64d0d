// SPDX-License-Identifier: MIT
// Part 3: a job that computes and never waits, in plain calls, as fibers on one loop, and as fibers
// that all loops share.
#pragma once

#include "settings.hpp"
#include "text.hpp"
#include "trace.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lab {

/// What one loop did for the job.
struct loop_jobs {
  std::uint64_t run = 0;
  std::uint64_t stolen = 0;  ///< of those run: taken from another loop's queue
};

/// One way to compute the picture: the best round.
struct cpu_run {
  std::string name;
  std::vector<double> rounds_ms;
  double cpu_ms = 0;        ///< CPU time of the process in the best round
  std::uint64_t steps = 0;  ///< the answer: the same however it is computed
  std::vector<loop_jobs> loops;
  timeline spans;

  double best_ms() const;
  double median_ms() const;
  /// Returns how many CPUs were at work on average; fewer than loops when others want them too.
  double cpus() const { return cpu_ms / best_ms(); }
};

struct cpu_result {
  unsigned rows = 0;
  cpu_run plain;
  cpu_run one_loop;
  cpu_run all_loops;

  bool agree() const;
};

cpu_result run_cpu_job(const settings& with);

table times_of(const cpu_result& result);
table jobs_of(const cpu_result& result);

}  // namespace lab
