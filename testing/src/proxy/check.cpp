// SPDX-License-Identifier: MIT
// The ranges of plans and options.
#include "proxy/check.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

namespace heddle::testing::detail {

namespace {

constexpr std::chrono::hours longest_time{24};

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("heddle::testing::fault_proxy: " + what);
}

void check_time(const char* field, std::chrono::nanoseconds time) {
  if (time.count() >= 0 && time <= longest_time) return;
  refuse(std::string(field) + " is " + std::to_string(time.count()) + " ns; its range is 0..24 h");
}

void check_size(const char* field, std::size_t value, std::size_t least, std::size_t most) {
  if (value >= least && value <= most) return;
  refuse(std::string(field) + " is " + std::to_string(value) + "; its range is " +
         std::to_string(least) + ".." + std::to_string(most));
}

void check_ascending(const char* field, const std::vector<std::uint64_t>& offsets) {
  const auto wrong = std::adjacent_find(offsets.begin(), offsets.end(), std::greater_equal<>());
  if (wrong == offsets.end()) return;
  refuse(std::string(field) + " does not ascend");
}

void check(const direction_plan& plan, std::size_t buffer_bytes) {
  check_time("delay", plan.delay);
  check_time("merge_for", plan.merge_for);
  check_time("pause", plan.pause);
  check_size("merge_bytes", plan.merge_bytes, 0, buffer_bytes);
  check_ascending("split_at", plan.split_at);
  check_ascending("corrupt_at", plan.corrupt_at);
}

}  // namespace

void check(const proxy_plan& plan, std::size_t buffer_bytes) {
  check(plan.to_target, buffer_bytes);
  check(plan.to_client, buffer_bytes);
}

void check(const fault_proxy_options& options) {
  check_size("max_connections", options.max_connections, 1, 10'000);
  check_size("buffer_bytes", options.buffer_bytes, 1024, std::size_t{64} << 20);
  check(options.plan, options.buffer_bytes);
}

}  // namespace heddle::testing::detail
