// SPDX-License-Identifier: MIT
// The steps B, E, C and D of README.md.
#include "net/socket.hpp"

#include "net/system_call.hpp"

#include <heddle/io/detail/socket_handle.hpp>

#include <utility>

namespace heddle::io::detail {

socket::socket(owned_fd fd, endpoint named)
    : fd_(std::move(fd)), watched_(fd_.get()), name_(std::move(named)) {}

bool socket::begin() noexcept {
  auto seen = word_.load(std::memory_order_relaxed);
  // order: relaxed — a use reads nothing that a close writes; it needs only that the count rose
  // while the closed bit was unset, and the CAS gives that by itself.
  while ((seen & closed_bit) == 0) {
    if (word_.compare_exchange_weak(seen, seen + one_use + one_share, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void socket::end() noexcept {
  auto seen = word_.load(std::memory_order_relaxed);
  while ((seen & closed_bit) == 0) {
    // order: release — this use's calls on the descriptor happen before the close that counts it as
    // ended; partner: the acq_rel of close() and of the last use below.
    if (word_.compare_exchange_weak(seen, seen - one_use - one_share, std::memory_order_release,
                                    std::memory_order_relaxed)) {
      return;
    }
  }
  // order: acq_rel — release as above; acquire — the last use happens after all the others.
  seen = word_.fetch_sub(one_use, std::memory_order_acq_rel);
  if ((seen & uses_mask) == one_use) fd_.reset();
  drop();
}

void socket::close(ending how) noexcept {
  auto seen = word_.load(std::memory_order_relaxed);
  for (;;) {
    if ((seen & closed_bit) != 0) return;
    // Closing is itself a use, or the last other one could give the descriptor back too early.
    // order: acq_rel — acquire: uses that have ended happen before; release: pairs with closed().
    if (word_.compare_exchange_weak(seen, (seen | closed_bit) + one_use + one_share,
                                    std::memory_order_acq_rel, std::memory_order_relaxed)) {
      break;
    }
  }
  closing();
  watched_.close();
  if (how == ending::reset) reset_connection(fd());
  // Wakes plain threads, which wait in poll(2); the kernel keeps a descriptor alive that is polled.
  if ((seen & uses_mask) != 0) shut_down_both(fd());
  end();
}

void socket::drop() noexcept {
  // order: acq_rel — whoever frees the record happens after everybody who used it.
  if (word_.fetch_sub(one_share, std::memory_order_acq_rel) < 2 * one_share) delete this;
}

bool socket::closed() const noexcept {
  // order: acquire — partner: close(); who sees a wake-up of close() sees the bit.
  return (word_.load(std::memory_order_acquire) & closed_bit) != 0;
}

std::error_code socket::wait(readiness::direction which, deadline limit) {
  wake_reason reason = wake_reason::none;
  try {
    reason = watched_.wait(which, limit);
  } catch (const std::system_error& failed) {
    return failed.code();
  }
  if (reason == wake_reason::closed || closed()) return closed_meanwhile();
  if (reason == wake_reason::timeout) return std::make_error_code(std::errc::timed_out);
  return {};
}

void socket_handle::drop() noexcept {
  if (owned_ == nullptr) return;
  owned_->close(ending::graceful);
  std::exchange(owned_, nullptr)->drop();
}

}  // namespace heddle::io::detail
