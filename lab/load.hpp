// SPDX-License-Identifier: MIT
// Part 2: the service under many connections at once.
#pragma once

#include "client.hpp"
#include "service.hpp"
#include "settings.hpp"
#include "text.hpp"
#include "trace.hpp"

#include <heddle/runtime/stats.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace lab {

/// One load, as seen from both ends.
struct load_run {
  std::string name;
  load_counts client;
  std::vector<loop_share> shares;  ///< per loop: what the service answered
  heddle::runtime_stats stats;     ///< per loop: what the service's runtime counted
  std::uint64_t moved = 0;         ///< connections served by more than one loop
  std::uint64_t broken = 0;        ///< connections that ended with an error
  double cpu_us_per_request = 0;   ///< of the service's process
  timeline spans;                  ///< some milliseconds in the middle of it

  double requests_per_second() const { return client.requests / client.seconds; }
};

struct load_result {
  unsigned connections = 0;
  std::chrono::milliseconds pause{0};
  load_run without_pause;
  load_run with_pause;

  std::uint64_t failed() const;
};

load_result run_load(const settings& with);

table rates_of(const load_result& result);
table loops_of(const load_run& run);

}  // namespace lab
