// SPDX-License-Identifier: MIT
// Sleeping and waking of plain threads on a 32-bit word. Source: futex(2).
#pragma once

#include <heddle/runtime/deadline.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::detail {

/// Sleeps while `word` holds `expected`, until woken, `limit` passes, or for no reason.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                deadline limit) noexcept;

/// Wakes one sleeper. The word may be gone already: then some other word's sleeper wakes for no
/// reason.
void futex_wake(const std::atomic<std::uint32_t>* word) noexcept;

}  // namespace heddle::detail
