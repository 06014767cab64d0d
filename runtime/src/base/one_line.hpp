// SPDX-License-Identifier: MIT
// Makes text from outside (the environment, what() of a user's exception) fit for a message.
// Invariants: (1) the result has no control characters, so that a message stays the line it is and
// a terminal is not sent commands; (2) its length is bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace heddle::detail {

/// Returns `text` with each run of control characters turned into one space, cut after
/// `longest_bytes` with "..." in place of the rest.
std::string one_line(std::string_view text, std::size_t longest_bytes = 1024);

}  // namespace heddle::detail
