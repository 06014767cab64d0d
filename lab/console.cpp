// SPDX-License-Identifier: MIT
// Lines with times.
#include "console.hpp"

#include <chrono>
#include <cstdio>

namespace lab {
namespace {

const auto started = std::chrono::steady_clock::now();

void print(const char* before, std::string_view line) {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  std::printf("%s[%5.1f s] %.*s\n", before, elapsed.count(), static_cast<int>(line.size()),
              line.data());
  std::fflush(stdout);
}

}  // namespace

void say(std::string_view line) { print("  ", line); }
void say_part(std::string_view title) { print("\n", title); }

}  // namespace lab
