// SPDX-License-Identifier: MIT
// heddle for programs of GoogleTest: HEDDLE_TEST, expect_explored, expect_swept.
#pragma once

#include <heddle/gtest/expect.hpp>
#include <heddle/gtest/test.hpp>
