// SPDX-License-Identifier: MIT
// The load generator of part 2: many keep-alive connections, a fiber each, in a process of its own,
// so that what asks and what answers share neither a scheduler nor a descriptor table.
// What it prints, a line each: "progress <requests>" while it runs, then "<name> <number>" for each
// field of load_counts, then "end".
#pragma once

#include "settings.hpp"

#include <cstdint>
#include <string>

namespace lab {

/// What the load generator counted in its measured time.
struct load_counts {
  double connected = 0;  ///< connections
  double requests = 0;
  double failed = 0;  ///< at any time: not connected, broken, a wrong page, no answer in the end
  double seconds = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double worst_ms = 0;
};

/// Runs the load generator. Returns: whether a connection was made; what failed is only counted.
bool run_client(const settings& with);

/// Reads one printed line into `counts`. Returns: whether it was a field's.
bool read_count(const std::string& line, load_counts& counts);

}  // namespace lab
