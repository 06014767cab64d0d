// SPDX-License-Identifier: MIT
// A list of a runtime's fibers in words.
#pragma once

#include <string>

namespace heddle::detail {

class scheduler;

/// Returns a line per started fiber: id, name, spawn site, state. Errors: std::bad_alloc.
std::string describe_fibers(scheduler& of);

}  // namespace heddle::detail
