// SPDX-License-Identifier: MIT
// What locks say to a caller who uses them wrongly: an exception where one may leave, or the end of
// the process where going on would corrupt what the lock guards.
#pragma once

namespace heddle::sync {

/// Prints `what` and ends the process.
[[noreturn]] void stop_for_misuse(const char* what) noexcept;

/// Throws std::system_error with operation_not_permitted.
[[noreturn]] void throw_not_held(const char* operation);
/// Throws std::system_error with resource_deadlock_would_occur.
[[noreturn]] void throw_held_already(const char* operation);

}  // namespace heddle::sync
