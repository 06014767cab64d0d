// SPDX-License-Identifier: MIT
// Which descriptors the process has open, and what they are: to compare before and after.
#pragma once

#include <map>
#include <string>

namespace heddle::testing::detail {

/// Numbers, and what /proc/self/fd says of them: "socket:[4711]", "/tmp/x".
using descriptor_list = std::map<int, std::string>;

/// Returns all that are open but those of the process's own files in /proc: the C library and the
/// sanitizers open these for a moment, on any thread.
descriptor_list open_descriptors();

/// Returns a line for each descriptor that is open now and was not in `before`, or is another one
/// now; empty if there is none.
std::string descriptors_since(const descriptor_list& before);

}  // namespace heddle::testing::detail
