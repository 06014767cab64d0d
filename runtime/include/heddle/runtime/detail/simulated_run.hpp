// SPDX-License-Identifier: MIT
// Running a body under a policy. Shipped for heddle::testing; not for users.
#pragma once

#include <heddle/runtime/detail/policy.hpp>
#include <heddle/runtime/detail/task_body.hpp>
#include <heddle/runtime/runtime.hpp>

#include <utility>

namespace heddle::detail {

/// Runs `body()` as the first fiber of a runtime whose loops take turns on the calling thread, as
/// `decides` says. Returns: its value, after everything it left running was cancelled and has
/// ended. Errors: as heddle::run; what decides.finish() throws.
template <class F>
decltype(auto) run_simulated(config settings, policy& decides, F&& body, spawn_site where) {
  runtime::require_plain_thread("testing::simulation::run");
  new_task main_task(std::forward<F>(body), where);
  runtime own(std::move(settings), decides);
  own.drive(*main_task.core);
  return take_result<typename decltype(main_task)::result>(*main_task.core);
}

}  // namespace heddle::detail
