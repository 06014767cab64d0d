// SPDX-License-Identifier: MIT
// What the command line says.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lab {

/// What the load generator is told, in a process of its own.
struct load_settings {
  std::string server;             ///< as an endpoint: "127.0.0.1:8080"
  std::string target = "/quick";  ///< the page to fetch
  unsigned connections = 1000;
  std::chrono::milliseconds pause{0};    ///< between two requests of a connection, on average
  std::chrono::milliseconds warm_up{0};  ///< requests of that long are not counted
  std::chrono::milliseconds measured{5000};
};

struct settings {
  bool quick = false;
  bool client = false;  ///< be the load generator
  std::string output = "demo-report.html";
  std::string picture;  ///< where to put the timeline alone, as SVG; empty: nowhere
  unsigned loops = 0;   ///< of the programs on all loops; filled in: at least 1
  unsigned rounds = 5;  ///< of each measurement of parts 1, 3 and 4
  unsigned rows = 192;  ///< of the picture that part 3 computes
  unsigned columns = 1600;
  load_settings load;
};

/// Reads the command line, and fills in what it leaves open.
/// Returns: false if the program is to end at once with `status`.
bool read_command_line(int count, char** arguments, settings& into, int& status);

/// Raises the soft limit on descriptors to the hard one. Returns it.
std::uint64_t raise_descriptor_limit();

}  // namespace lab
