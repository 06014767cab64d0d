// SPDX-License-Identifier: MIT
// The pools of one runtime. Each starts what it needs when it is first used.
#pragma once

#include <heddle/runtime/config.hpp>

#include "pool/blocking_pool.hpp"
#include "pool/cpu_pool.hpp"

namespace heddle::detail {

class pools {
 public:
  explicit pools(const config& effective)
      : settings_(effective), blocking(settings_, *this), cpu(settings_, *this) {}

 private:
  const config settings_;

 public:
  blocking_pool blocking;
  cpu_pool cpu;
};

}  // namespace heddle::detail
