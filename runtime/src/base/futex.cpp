// SPDX-License-Identifier: MIT
// The two futex calls.
#include "base/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace heddle::detail {

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                deadline limit) noexcept {
  timespec until{};
  timespec* until_or_never = nullptr;
  if (!limit.is_never()) {
    const auto since = limit.when().time_since_epoch().count();
    until.tv_sec = static_cast<time_t>(since / 1'000'000'000);
    until.tv_nsec = static_cast<long>(since % 1'000'000'000);
    until_or_never = &until;
  }
  // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time: steady_clock's.
  ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, until_or_never,
            nullptr, FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(const std::atomic<std::uint32_t>* word) noexcept {
  ::syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, nullptr, nullptr, 0);
}

}  // namespace heddle::detail
