// SPDX-License-Identifier: MIT
// One run of a test: a runtime, the program in its first fiber, the deadline, and the audit.
#pragma once

#include <heddle/gtest/test.hpp>

#include <heddle/runtime/cancel.hpp>

#include <functional>

namespace heddle::testing::detail {

/// What the first fiber does. What it does inside the scope is cancelled at the deadline.
using test_program = std::function<void(cancel_scope&)>;

/// Runs `program` in a runtime of its own and reports to GoogleTest what is wrong with how it
/// ended. On a plain thread. Errors: what leaves `program`; std::invalid_argument naming a variable
/// or a setting; std::logic_error in a fiber.
void run_test(const test_program& program, const test_origin& from);

}  // namespace heddle::testing::detail
