// SPDX-License-Identifier: MIT
// membarrier(2), which glibc does not wrap.
#include "base/heavy_fence.hpp"

#include "base/assert.hpp"

#include <cerrno>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::detail {

bool prepare_heavy_fence() noexcept {
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void heavy_fence() noexcept {
  while (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
    // ENOMEM: some kernels need memory for it, on machines with very many cores.
    HEDDLE_ASSERT(errno == ENOMEM,
                  "membarrier(2), which worked when the runtime started, is refused now");
  }
}

}  // namespace heddle::detail
