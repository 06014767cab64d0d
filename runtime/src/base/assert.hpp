// SPDX-License-Identifier: MIT
// Checks that hold in every build: a broken invariant or a programmer's error stops the process
// with a message, because going on would corrupt somebody's memory.
#pragma once

namespace heddle::detail {

[[noreturn]] void assertion_failed(const char* what, const char* file, int line) noexcept;

}  // namespace heddle::detail

#define HEDDLE_ASSERT(condition, what)   \
  (static_cast<bool>(condition) ? void() \
                                : ::heddle::detail::assertion_failed(what, __FILE__, __LINE__))
