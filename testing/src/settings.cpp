// SPDX-License-Identifier: MIT
// Checking and completing them.
#include "settings.hpp"

#include <heddle/runtime/error.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace heddle::testing::detail {

void require(bool holds, const char* options, const char* what) {
  if (holds) return;
  throw std::invalid_argument("heddle::testing::" + std::string(options) + "::" + what);
}

void require_plain_thread(const char* call) {
  if (!this_fiber::exists()) return;
  throw std::logic_error(
      "heddle::testing::" + std::string(call) +
      ": in a fiber; it needs a plain thread (in GoogleTest: TEST, not HEDDLE_TEST)");
}

config simulated_settings(config given, unsigned loops, const char* options) {
  require(loops >= 1 && loops <= most_loops, options, "loops: range 1..64");
  given.loops = loops;
  given.spin = std::chrono::nanoseconds{0};
  if (!given.on_stall) given.on_stall = [](const stall_report&) {};
  given.validate();
  return given;
}

}  // namespace heddle::testing::detail
