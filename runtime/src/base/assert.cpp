// SPDX-License-Identifier: MIT
// The end of the process after a broken invariant.
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace heddle::detail {

void assertion_failed(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "heddle: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace heddle::detail
