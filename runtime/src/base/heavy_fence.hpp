// SPDX-License-Identifier: MIT
// The dear half of an asymmetric fence: where one side runs often and the other rarely, the first
// keeps only the compiler from reordering and the second makes every thread of the process pass a
// full barrier. Source: Dice, Huang and Yang 2001, "Asymmetric Dekker synchronization";
// membarrier(2).
#pragma once

namespace heddle::detail {

/// Registers the process for heavy_fence(). Returns false where the kernel has no such call, or a
/// filter refuses it.
bool prepare_heavy_fence() noexcept;

/// Makes every thread of the process pass a full barrier somewhere between call and return; after
/// prepare_heavy_fence(). What a thread did before its barrier is seen after the return; what it
/// does afterwards sees what preceded the call. Cost: a system call, an interrupt of each core in
/// use by the process.
void heavy_fence() noexcept;

}  // namespace heddle::detail
