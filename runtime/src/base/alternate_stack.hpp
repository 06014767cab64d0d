// SPDX-License-Identifier: MIT
// A stack for signal handlers, because the handler of a stack overflow cannot run on the stack that
// is full.
#pragma once

namespace heddle::detail {

/// Gives the calling thread a stack on which the handler can run.
class alternate_stack {
 public:
  explicit alternate_stack(bool wanted);
  ~alternate_stack();
  alternate_stack(const alternate_stack&) = delete;
  alternate_stack& operator=(const alternate_stack&) = delete;

 private:
  void* memory_ = nullptr;
};

}  // namespace heddle::detail
