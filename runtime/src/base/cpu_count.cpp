// SPDX-License-Identifier: MIT
// See cpu_count.hpp. The kernel refuses a mask shorter than its own (EINVAL), which on machines
// with more than CPU_SETSIZE (1024) possible CPUs a plain cpu_set_t is: the mask grows until it
// is accepted.
#include "base/cpu_count.hpp"

#include "base/cgroup_quota.hpp"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <thread>

namespace heddle::detail {

namespace {

constexpr std::size_t most_cpus = 1u << 20;  // far above NR_CPUS of any kernel

// Returns: 0, or errno.
int ask(affinity_query query, std::vector<cpu_set_t>& mask) {
  const pid_t calling_thread = 0;
  return query(calling_thread, mask.size() * sizeof(cpu_set_t), mask.data()) < 0 ? errno : 0;
}

std::vector<unsigned> numbers_in(const std::vector<cpu_set_t>& mask) {
  std::vector<unsigned> numbers;
  for (std::size_t cpu = 0; cpu < mask.size() * CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET_S(cpu, mask.size() * sizeof(cpu_set_t), mask.data())) {
      numbers.push_back(static_cast<unsigned>(cpu));
    }
  }
  return numbers;
}

}  // namespace

std::vector<unsigned> allowed_cpus(affinity_query query) {
  std::vector<unsigned> numbers;
  for (std::size_t room = CPU_SETSIZE; room <= most_cpus; room *= 2) {
    std::vector<cpu_set_t> mask(room / CPU_SETSIZE);  // value-initialised: no CPU is set
    const int error = ask(query, mask);
    if (error == EINVAL) continue;
    if (error == 0) numbers = numbers_in(mask);
    break;
  }
  if (numbers.empty()) {
    numbers.resize(std::max(1u, std::thread::hardware_concurrency()));
    std::iota(numbers.begin(), numbers.end(), 0u);
  }
  return numbers;
}

unsigned usable_cpus(const std::string& root) {
  const auto allowed = static_cast<unsigned>(allowed_cpus().size());
  return std::min(allowed, cgroup_quota_cpus(root).value_or(allowed));
}

}  // namespace heddle::detail
