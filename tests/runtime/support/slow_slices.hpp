// SPDX-License-Identifier: MIT
// Reports of slow slices, kept, for fibers that run until one has come.
#pragma once

#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

namespace heddle::test {

class slow_slices {
 public:
  static constexpr std::chrono::milliseconds limit{20};

  /// `slow`: config::slow_slice. Where a slice must not be slow that only lost its core, it has to
  /// be long: others may use the machine.
  explicit slow_slices(std::chrono::milliseconds slow = limit) : slow_(slow) {}

  /// Returns settings whose on_stall tells this object, which must outlive the runtime.
  config settings(unsigned loops) {
    config chosen = with_loops(loops);
    chosen.slow_slice = slow_;
    chosen.on_stall = [this](const stall_report& report) { keep(report); };
    return chosen;
  }

  void keep(const stall_report& report) {
    if (report.what != stall_report::kind::slow_slice) return;
    const std::lock_guard guard(lock_);
    reports_.push_back(report);
    one_came_.notify_all();
  }

  std::vector<stall_report> all() const {
    const std::lock_guard guard(lock_);
    return reports_;
  }
  std::size_t count() const { return all().size(); }

  /// Holds the thread, fiber or not, until there are so many; gives up after a while.
  bool has_come_to(std::size_t count) const {
    return eventually([&] { return this->count() >= count; });
  }

  /// As has_come_to(), but the thread sleeps, and the case's watchdog ends a wait that is in vain.
  void block_until(std::size_t count) const {
    std::unique_lock guard(lock_);
    one_came_.wait(guard, [&] { return reports_.size() >= count; });
  }

 private:
  std::chrono::milliseconds slow_;
  mutable std::mutex lock_;
  mutable std::condition_variable one_came_;
  std::vector<stall_report> reports_;
};

/// Holds the thread for so long.
inline void hog_for(std::chrono::nanoseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

/// Returns /proc/self/task/<thread> of the thread with that name; empty if there is none.
inline std::string folder_of_thread(const std::string& name) {
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream text(each.path() / "comm");
    std::string line;
    if (std::getline(text, line) && line == name) return each.path();
  }
  return {};
}

/// Returns how often the thread with that name has gone to sleep.
inline long sleeps_of_thread(const std::string& name) {
  std::ifstream text(folder_of_thread(name) + "/status");
  const std::string key = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(key)) return std::stol(line.substr(key.size()));
  }
  return -1;
}

}  // namespace heddle::test
