// SPDX-License-Identifier: MIT
// What the demo says while it runs.
#pragma once

#include <string_view>

namespace lab {

/// Prints a line with the time since the program started, at once.
void say(std::string_view line);

/// Prints the heading of a part.
void say_part(std::string_view title);

}  // namespace lab
