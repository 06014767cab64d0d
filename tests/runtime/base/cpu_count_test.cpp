// SPDX-License-Identifier: MIT
// The CPUs of the affinity mask, on small and on very large machines, and the quota on top of it.
#include "base/cpu_count.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include <stdlib.h>

using heddle::detail::allowed_cpus;
using heddle::detail::usable_cpus;

namespace {

// A kernel that was built for 4096 CPUs and lets us have two beyond the first 1024.
int large_machine(pid_t, std::size_t bytes, cpu_set_t* mask) {
  if (bytes * 8 < 4096) {
    errno = EINVAL;
    return -1;
  }
  CPU_SET_S(1500, bytes, mask);
  CPU_SET_S(3, bytes, mask);
  CPU_SET_S(4095, bytes, mask);
  return 0;
}

int forbidden(pid_t, std::size_t, cpu_set_t*) {
  errno = EPERM;
  return -1;
}

int never_content(pid_t, std::size_t, cpu_set_t*) {
  errno = EINVAL;
  return -1;
}

int empty_mask(pid_t, std::size_t, cpu_set_t*) { return 0; }

}  // namespace

TEST(cpu_count, the_mask_grows_until_the_kernel_takes_it) {
  EXPECT_EQ(allowed_cpus(&large_machine), (std::vector<unsigned>{3, 1500, 4095}));
}

TEST(cpu_count, a_kernel_that_does_not_tell_leaves_us_all_cpus) {
  for (const auto query : {&forbidden, &never_content, &empty_mask}) {
    const auto cpus = allowed_cpus(query);
    ASSERT_EQ(cpus.size(), std::max(1u, std::thread::hardware_concurrency()));
    for (unsigned i = 0; i < cpus.size(); ++i) EXPECT_EQ(cpus[i], i);
  }
}

TEST(cpu_count, follows_the_mask_of_the_calling_thread) {
  const auto before = allowed_cpus();
  ASSERT_FALSE(before.empty());
  std::thread([&] {
    const unsigned last = before.back();
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0) << "errno " << errno;
    EXPECT_EQ(allowed_cpus(), std::vector<unsigned>{last});
    EXPECT_EQ(usable_cpus(), 1u);
  }).join();
  EXPECT_EQ(allowed_cpus(), before);
}

TEST(cpu_count, the_smaller_of_mask_and_quota_counts) {
  std::string root = std::filesystem::temp_directory_path() / "heddle-cpu-count-XXXXXX";
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const auto allowed = static_cast<unsigned>(allowed_cpus().size());
  EXPECT_EQ(usable_cpus(root), allowed) << "no cgroups at all";

  std::filesystem::create_directories(root + "/proc/self");
  std::filesystem::create_directories(root + "/sys/fs/cgroup");
  std::ofstream(root + "/proc/self/cgroup") << "0::/\n";
  std::ofstream(root + "/proc/self/mountinfo") << "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 c rw\n";
  std::ofstream(root + "/sys/fs/cgroup/cpu.max") << "50000 100000\n";
  EXPECT_EQ(usable_cpus(root), 1u);
  std::ofstream(root + "/sys/fs/cgroup/cpu.max") << "999900000 100000\n";
  EXPECT_EQ(usable_cpus(root), allowed);
  std::filesystem::remove_all(root);
}
