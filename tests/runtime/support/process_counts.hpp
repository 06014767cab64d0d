// SPDX-License-Identifier: MIT
// What this process holds: threads, descriptors, mappings, CPU time. To compare before and after.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/resource.h>

namespace heddle::test {

inline std::size_t entries_of(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

inline std::size_t lines_of(const char* file) {
  std::ifstream text(file);
  return static_cast<std::size_t>(
      std::count(std::istreambuf_iterator<char>(text), std::istreambuf_iterator<char>(), '\n'));
}

struct process_counts {
  std::size_t threads = 0;
  std::size_t descriptors = 0;
  std::size_t mappings = 0;

  static process_counts now() {
    return {entries_of("/proc/self/task"), entries_of("/proc/self/fd"),
            lines_of("/proc/self/maps")};
  }
};

/// Returns the resident bytes of the process.
inline std::size_t resident_bytes() {
  std::ifstream text("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  text >> total >> resident;
  return resident * 4096;
}

/// Returns the bytes of address space that the process has mapped.
inline std::size_t address_space_bytes() {
  std::ifstream text("/proc/self/statm");
  std::size_t pages = 0;
  text >> pages;
  return pages * 4096;
}

/// Returns the page table bytes of the process.
inline std::size_t page_table_bytes() {
  std::ifstream text("/proc/self/status");
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("VmPTE:")) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

/// Returns the CPU time that the process has used.
inline std::chrono::microseconds cpu_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

}  // namespace heddle::test
