// SPDX-License-Identifier: MIT
// A context in the caller's storage, for a while.
#include "fiber/lent_context.hpp"

#include "fiber/task_storage.hpp"

#include <utility>

namespace heddle::detail {

context_snapshot capture_context() noexcept {
  const task_storage* const here = storage_of_caller();
  return here == nullptr ? nullptr : here->context;
}

lent_context::lent_context(context_snapshot lent)
    : before_(std::exchange(make_storage_of_caller().context, std::move(lent))) {}

lent_context::~lent_context() { storage_of_caller()->context = std::move(before_); }

}  // namespace heddle::detail
