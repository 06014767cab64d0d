// SPDX-License-Identifier: MIT
// The CPUs this process may use: what `loops = 0` and `cpu_threads = 0` mean, and where pinned
// loops go.
// Invariants: (1) nothing here fails, and no answer is 0 or empty; (2) nothing is remembered: each
// call asks the system anew, for masks and quotas change.
#pragma once

#include <sched.h>

#include <cstddef>
#include <string>
#include <vector>

namespace heddle::detail {

/// Answers as sched_getaffinity(2) does.
using affinity_query = int (*)(pid_t, std::size_t, cpu_set_t*);

/// Returns the numbers of the CPUs that the calling thread, and so the threads it starts, may run
/// on, ascending. A kernel that does not tell: 0, 1, ... as many as there are.
std::vector<unsigned> allowed_cpus(affinity_query query = &::sched_getaffinity);

/// Returns the number of allowed CPUs, or the cgroup quota rounded up if that is less. `root`: as
/// for cgroup_quota_cpus().
unsigned usable_cpus(const std::string& root = {});

}  // namespace heddle::detail
