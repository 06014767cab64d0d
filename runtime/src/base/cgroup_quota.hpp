// SPDX-License-Identifier: MIT
// How much CPU time the control groups of this process allow it, which in a container is what it
// really has, whatever the number of CPUs it sees.
// Invariants: (1) a limit of any group from the process's own up to the root of the mount counts,
// and the smallest wins; (2) what cannot be read is no limit: nothing here fails.
// Not here: cpusets, which the kernel folds into the affinity mask (cpu_count.hpp); cpu.weight and
// cpu.shares, which limit nothing while other CPUs idle.
// Source: cgroups(7); Linux Documentation/admin-guide/cgroup-v2.rst, scheduler/sched-bwc.rst.
#pragma once

#include <optional>
#include <string>

namespace heddle::detail {

/// Returns the quota in CPUs, rounded up, at least 1; nullopt: unlimited. `root` stands before
/// every absolute path (/proc/self/cgroup, /proc/self/mountinfo and the mounts named there), for
/// tests. Cost: some file reads.
std::optional<unsigned> cgroup_quota_cpus(const std::string& root = {});

}  // namespace heddle::detail
