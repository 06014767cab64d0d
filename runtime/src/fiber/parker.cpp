// SPDX-License-Identifier: MIT
// The parker of each plain thread: the second and last thread_local of heddle, never used on a
// fiber.
#include "fiber/parker.hpp"

namespace heddle::detail {

__attribute__((noinline)) parker& parker_of_plain_thread() noexcept {
  thread_local thread_parker mine;
  return mine;
}

}  // namespace heddle::detail
