// SPDX-License-Identifier: MIT
// The address of errno, looked up where no compiler can reuse an old one.
#include "fiber/context.hpp"

#include <cerrno>

namespace heddle::detail {

__attribute__((noinline)) int* errno_of_thread() noexcept { return &errno; }

}  // namespace heddle::detail
