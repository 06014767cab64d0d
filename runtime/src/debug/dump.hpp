// SPDX-License-Identifier: MIT
// A list of a runtime's fibers in words.
#pragma once

#include <string>

namespace heddle::detail {

class scheduler;

/// Returns a line per started fiber: id, name, spawn site, state, what it waits for, and who holds
/// that. Errors: std::bad_alloc.
std::string describe_fibers(scheduler& of);

/// As describe_fibers, but of more than a hundred fibers says how many more there are.
std::string describe_some_fibers(scheduler& of);

}  // namespace heddle::detail
