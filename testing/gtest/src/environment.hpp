// SPDX-License-Identifier: MIT
// HEDDLE_TEST_TIMEOUT and HEDDLE_TEST_LOOPS.
#pragma once

#include <heddle/runtime/config.hpp>

#include <chrono>
#include <string>

namespace heddle::testing::detail {

/// How long a test may take; 0: for ever.
struct test_timeout {
  std::chrono::nanoseconds length;
  std::string text;  ///< as it was given
};

/// Reads HEDDLE_TEST_TIMEOUT. Errors: std::invalid_argument naming it.
test_timeout timeout_of_environment();

/// Returns config::from_env() with the loops that tests are to have. Errors: std::invalid_argument
/// naming the variable.
config settings_of_environment();

}  // namespace heddle::testing::detail
