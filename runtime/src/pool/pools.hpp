// SPDX-License-Identifier: MIT
// The pools of one runtime. Each starts what it needs when it is first used.
#pragma once

#include <heddle/runtime/config.hpp>

#include "pool/blocking_pool.hpp"
#include "pool/cpu_pool.hpp"

namespace heddle {
class runtime;
}

namespace heddle::detail {

class pools {
 public:
  pools(const config& effective, runtime& of)
      : face(of), blocking(effective, *this), cpu(*new cpu_pool(effective, *this)) {}
  /// Nobody calls any more. Waits until the blocking pool's threads have ended.
  ~pools() { cpu.close(); }
  pools(const pools&) = delete;
  pools& operator=(const pools&) = delete;

  runtime& face;  // whose they are
  blocking_pool blocking;
  cpu_pool& cpu;  // ends with its last token: for each oneTBB has a task that will run
};

}  // namespace heddle::detail
