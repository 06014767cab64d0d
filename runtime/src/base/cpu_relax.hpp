// SPDX-License-Identifier: MIT
// Tells the core that this thread spins.
#pragma once

namespace heddle::detail {

inline void cpu_relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

}  // namespace heddle::detail
