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
  // order: acq_rel — whoever finds it armed relies on an expiry that is still to come; received() is the
  // partner: it clears the flag before its caller looks at the idle word.
  if (armed_.exchange(true, std::memory_order_acq_rel)) return;
  itimerspec once{};
  once.it_value.tv_nsec = static_cast<long>(tick.count());
  ::timerfd_settime(fd_.get(), 0, &once, nullptr);
}

void tick_timer::received() noexcept {
  // order: seq_cst — before the caller's look at the idle word (sched/README.md): an arm() that this clears
  // cannot be relied on by a loop that the caller does not see.
  armed_.store(false, std::memory_order_seq_cst);
}

}  // namespace heddle::detail
