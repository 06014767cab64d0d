// SPDX-License-Identifier: MIT
// A pool's call in a simulation: the body of a fiber that the policy lets run sooner or later.
#pragma once

#include <heddle/runtime/detail/pool_call.hpp>

namespace heddle::detail {

/// As run_on_pool(), on a fiber of a simulated loop. `name`: of the call's fiber, in dumps.
void run_simulated_call(pool_call& call, const char* name);

}  // namespace heddle::detail
