// SPDX-License-Identifier: MIT
// CPU quotas as containers, systemd slices and old hierarchies present them, laid out below a
// directory that stands in for the root of the file system.
#include "base/cgroup_quota.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <stdlib.h>

using heddle::detail::cgroup_quota_cpus;

namespace {

class cgroup_quota : public testing::Test {
 public:
  cgroup_quota() {
    root_ = std::filesystem::temp_directory_path() / "heddle-cgroup-XXXXXX";
    if (::mkdtemp(root_.data()) == nullptr) std::abort();
  }
  ~cgroup_quota() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  // A version 2 hierarchy mounted at /sys/fs/cgroup, the process in `group`.
  void put_version_two(const std::string& group, const std::string& mount_root = "/") const {
    put("/proc/self/cgroup", "0::" + group + "\n");
    put("/proc/self/mountinfo",
        "22 28 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
        "29 22 0:26 " +
            mount_root + " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
  }
  std::optional<unsigned> quota() const { return cgroup_quota_cpus(root_); }

 private:
  std::string root_;
};

const std::optional<unsigned> unlimited;

}  // namespace

TEST_F(cgroup_quota, nothing_to_read_is_unlimited) {
  EXPECT_EQ(quota(), unlimited);
  put_version_two("/a");
  EXPECT_EQ(quota(), unlimited);
}

TEST_F(cgroup_quota, is_rounded_up_and_at_least_one) {
  put_version_two("/");
  const std::pair<const char*, std::optional<unsigned>> cases[] = {
      {"max 100000\n", unlimited}, {"100000 100000\n", 1},
      {"100001 100000\n", 2},      {"150000 100000\n", 2},
      {"1000 100000\n", 1},        {"0 100000\n", 1},
      {"400000 50000", 8},         {"18446744073709551615 1\n", 4294967295u},
  };
  for (const auto& [text, expected] : cases) {
    put("/sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(quota(), expected) << text;
  }
}

TEST_F(cgroup_quota, what_cannot_be_understood_is_unlimited) {
  put_version_two("/");
  for (const char* text : {"", "\n", "100000", "100000 0", "-1 100000", "x y", "1 2 3", "1e5 1"}) {
    put("/sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(quota(), unlimited) << text;
  }
  put("/proc/self/cgroup", "nonsense\n:\n::\n\n0::\n");
  put("/proc/self/mountinfo", "\n- - - - - - -\n1 2 3 4 5 6 -\n1 2 3 4 5 6 - cgroup2\n");
  EXPECT_EQ(quota(), unlimited);
}

TEST_F(cgroup_quota, the_smallest_limit_on_the_path_to_the_root_counts) {
  put_version_two("/system.slice/web.service/worker");
  put("/sys/fs/cgroup/system.slice/web.service/worker/cpu.max", "800000 100000\n");
  EXPECT_EQ(quota(), 8u);
  put("/sys/fs/cgroup/system.slice/web.service/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), 8u);
  put("/sys/fs/cgroup/system.slice/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota(), 3u);
  put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2u);
  put("/sys/fs/cgroup/system.slice/other/cpu.max", "100000 100000\n");
  put("/sys/fs/cpu.max", "100000 100000\n");
  EXPECT_EQ(quota(), 2u) << "neither a sibling's nor one above the mount";
}

TEST_F(cgroup_quota, a_container_in_its_own_namespace_has_its_limit_at_the_mount) {
  put_version_two("/");
  put("/sys/fs/cgroup/cpu.max", "250000 100000\n");
  EXPECT_EQ(quota(), 3u);
}

TEST_F(cgroup_quota, a_container_that_sees_the_hosts_path_has_its_limit_at_the_mount) {
  put_version_two("/docker/1234/inner", "/docker/1234");
  put("/sys/fs/cgroup/cpu.max", "400000 100000\n");
  EXPECT_EQ(quota(), 4u);
  put("/sys/fs/cgroup/inner/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2u);
}

TEST_F(cgroup_quota, a_group_outside_the_mount_is_limited_as_its_root) {
  for (const char* group : {"/docker/12345", "/", "/../../elsewhere"}) {
    put_version_two(group, "/docker/1234");
    put("/sys/fs/cgroup/cpu.max", "400000 100000\n");
    EXPECT_EQ(quota(), 4u) << group;
  }
}

TEST_F(cgroup_quota, a_path_that_climbs_out_of_the_namespace_is_not_followed) {
  put_version_two("/../elsewhere");
  put("/sys/fs/elsewhere/cpu.max", "100000 100000\n");
  put("/sys/fs/cgroup/cpu.max", "300000 100000\n");
  EXPECT_EQ(quota(), 3u);
}

TEST_F(cgroup_quota, version_one_is_read_where_the_cpu_controller_is_mounted) {
  put("/proc/self/cgroup", "4:memory:/m\n3:cpuset:/set\n2:cpu,cpuacct:/a/b\n");
  put("/proc/self/mountinfo",
      "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
      "34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
  put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
  put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), unlimited);
  put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(quota(), unlimited) << "a quota without a period";
  put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(quota(), 3u);
}

TEST_F(cgroup_quota, on_hybrid_systems_both_versions_count) {
  put("/proc/self/cgroup", "1:cpu:/\n0::/x\n");
  put("/proc/self/mountinfo",
      "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "500000\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 5u);
  put("/sys/fs/cgroup/unified/x/cpu.max", "400000 100000\n");
  EXPECT_EQ(quota(), 4u);
}

TEST_F(cgroup_quota, of_two_mounts_the_one_that_shows_the_group_is_read) {
  put("/proc/self/cgroup", "0::/mine\n");
  put("/proc/self/mountinfo",
      "40 31 0:38 /other /first rw - cgroup2 cgroup2 rw\n"
      "41 31 0:38 / /second rw - cgroup2 cgroup2 rw\n");
  put("/first/cpu.max", "100000 100000\n");
  put("/second/mine/cpu.max", "600000 100000\n");
  EXPECT_EQ(quota(), 6u);
}

TEST_F(cgroup_quota, odd_characters_in_a_path_are_understood) {
  put("/proc/self/cgroup", "0::/a:b c\n");
  put("/proc/self/mountinfo", "41 31 0:38 / /with\\040space\\134 rw - cgroup2 cgroup2 rw\n");
  put("/with space\\/a:b c/cpu.max", "700000 100000\n");
  EXPECT_EQ(quota(), 7u);
}

TEST(cgroup_quota_here, this_machine_can_be_asked) {
  const auto quota = cgroup_quota_cpus();
  EXPECT_TRUE(!quota || *quota >= 1);
}
