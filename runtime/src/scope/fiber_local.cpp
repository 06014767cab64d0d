// SPDX-License-Identifier: MIT
// The values of the caller: found, made, dropped.
#include <heddle/runtime/fiber_local.hpp>

#include "fiber/task_storage.hpp"

#include <stdexcept>

namespace heddle::detail {

local_value* find_local(const void* variable) noexcept {
  const task_storage* const here = storage_of_caller();
  return here == nullptr ? nullptr : here->find(variable);
}

void prepare_local() {
  if (make_storage_of_caller().may_add()) return;
  throw std::logic_error(
      "heddle::fiber_local::get: destructors of values make values, whose destructors make "
      "values: too deep at the end of a task");
}

void keep_local(std::unique_ptr<local_value> made) {
  make_storage_of_caller().add(std::move(made));
}

void drop_local(const void* variable) noexcept {
  if (task_storage* const here = storage_of_caller()) {
    const std::unique_ptr<local_value> dropped = here->take(variable);
  }
}

}  // namespace heddle::detail
