// SPDX-License-Identifier: MIT
// Writing a result that takes long to make. Invariant: what was at a path stays there, whole, until
// the new file is complete.
#pragma once

#include <string>

namespace lab {

/// Finds out whether a file could be written there, and leaves everything as it was.
/// Errors: std::runtime_error naming it.
void require_writable(const std::string& path);

/// Writes a file, in a file beside it that then takes its name. What is no regular file, as
/// /dev/stdout, is written where it is. Errors: std::runtime_error naming it.
void write_file(const std::string& path, const std::string& text);

}  // namespace lab
