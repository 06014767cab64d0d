// SPDX-License-Identifier: MIT
// Not in base/, whose class it could be: who closes a simulation's descriptor is known above.
#include <heddle/runtime/owned_fd.hpp>
#include <heddle/runtime/socket_calls.hpp>

#include <unistd.h>

namespace heddle {

void owned_fd::reset(int fd) noexcept {
  const int old = std::exchange(fd_, fd);
  if (old < 0) return;
  if (!is_simulated(old)) {
    ::close(old);
  } else if (socket_calls* const calls = simulated_sockets()) {
    calls->close(old);
  }
}

}  // namespace heddle
