// SPDX-License-Identifier: MIT
// The settings of a simulated runtime: what is given, and what a simulation needs.
#pragma once

#include <heddle/runtime/config.hpp>

#include <string>

namespace heddle::testing::detail {

inline constexpr unsigned most_loops = 64;

/// Returns `given` with that many loops and nothing that depends on real time. Without an on_stall,
/// nothing is printed: a deadlock comes as an exception. Errors: std::invalid_argument, naming the
/// field of `options`, or of config.
config simulated_settings(config given, unsigned loops, const char* options);

/// Throws std::logic_error in a fiber: `call` runs simulations, on the calling thread.
void require_plain_thread(const char* call);

/// Throws std::invalid_argument naming `options`::`what` unless it `holds`.
void require(bool holds, const char* options, const char* what);

}  // namespace heddle::testing::detail
