// SPDX-License-Identifier: MIT
// Which cases of a program cannot run under a seed. Each program has its own list, in one file.
#pragma once

#include <span>

namespace heddle::test {

/// Returns their names: patterns, as in --gtest_filter. Shape: each is that of a case; a case that
/// enters no simulation and is not among them fails (main.cpp).
std::span<const char* const> not_simulated();

}  // namespace heddle::test
