// SPDX-License-Identifier: MIT
// A task's context as a value, for whoever runs a part of it elsewhere: a pool thread that works
// for a fiber sees what the fiber has set.
#pragma once

#include <heddle/runtime/context_var.hpp>

namespace heddle::detail {

/// Returns the caller's context: fiber or plain thread. Cost: a reference counted.
context_snapshot capture_context() noexcept;

/// Lends a context to the calling thread or fiber; what is set meanwhile is forgotten at the end.
class lent_context {
 public:
  /// Errors: std::bad_alloc.
  explicit lent_context(context_snapshot lent);
  ~lent_context();
  lent_context(const lent_context&) = delete;
  lent_context& operator=(const lent_context&) = delete;

 private:
  context_snapshot before_;
};

}  // namespace heddle::detail
