// SPDX-License-Identifier: MIT
// The timerfd calls.
#include "reactor/tick_timer.hpp"

#include <heddle/runtime/error.hpp>

#include <sys/timerfd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace heddle::detail {

tick_timer::tick_timer() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  if (!fd_) {
    throw resource_exhausted(std::string("heddle: timerfd_create: ") + std::strerror(errno));
  }
}

void tick_timer::arm(std::chrono::nanoseconds tick) noexcept {
  const clock::rep now = std::chrono::steady_clock::now().time_since_epoch().count();
  const clock::rep until = now + 2 * tick.count();
  // order: seq_cst — Dekker with received(): whoever relies on an expiry here, having withdrawn
  // before, is seen by the one that receives it and then looks at the idle word.
  clock::rep seen = relied_until_.load(std::memory_order_seq_cst);
  do {
    if (seen > now) return;
    // order: seq_cst — as above.
  } while (!relied_until_.compare_exchange_weak(seen, until, std::memory_order_seq_cst,
                                                std::memory_order_seq_cst));
  itimerspec once{};
  once.it_value.tv_nsec = static_cast<long>(tick.count());
  ::timerfd_settime(fd_.get(), 0, &once, nullptr);
}

void tick_timer::received() noexcept {
  // order: seq_cst — before the caller's look at the idle word; partner: arm().
  relied_until_.store(0, std::memory_order_seq_cst);
}

}  // namespace heddle::detail
