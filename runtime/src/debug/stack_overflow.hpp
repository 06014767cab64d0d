// SPDX-License-Identifier: MIT
// A message for a stack overflow: which fiber, how large its stack. Only with config::debug,
// because it installs a signal handler, which is process-wide. Invariants: (1) the handler calls
// only async-signal-safe functions and takes no lock; (2) what is no overflow of a heddle stack
// goes to the handler that was there before; (3) the process still ends by SIGSEGV.
#pragma once

namespace heddle::detail {

class scheduler;

/// Makes overflows of this runtime's stacks say so. The first runtime installs the handler.
void explain_stack_overflows(scheduler& of) noexcept;
void stop_explaining(scheduler& of) noexcept;

}  // namespace heddle::detail
