// SPDX-License-Identifier: MIT
// The dear half of an asymmetric fence: where one side runs often and the other rarely, the first
// keeps only the compiler from reordering and the second makes every thread of the process pass a
// full barrier. Source: Dice, Huang and Yang 2001, "Asymmetric Dekker synchronization";
// membarrier(2).
#pragma once

namespace heddle::detail {

/// Registers the process for heavy_fence(). Returns false where the kernel has no such call.
bool prepare_heavy_fence() noexcept;

/// Passes a full barrier on every running thread of the process; after prepare_heavy_fence(). What
/// another thread does before it, in program order, is seen after the return; what it does after
/// it, sees what was done before the call. Cost: a system call, an interrupt of each core in use.
void heavy_fence() noexcept;

}  // namespace heddle::detail
