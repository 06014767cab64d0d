// SPDX-License-Identifier: MIT
// gate: one flag, and the queue whose lock closes the gap between looking at the flag and parking.
#include <heddle/sync/gate.hpp>

namespace heddle::sync {

namespace {
constexpr wait_kind gate_kind{"gate"};
}

bool gate::is_open() const noexcept {
  // order: acquire — partner: the exchange in open().
  return open_.load(std::memory_order_acquire);
}

void gate::open() noexcept {
  // order: release — what the opener wrote is visible to whoever sees true: is_open(),
  // wait_until().
  if (open_.exchange(true, std::memory_order_release)) return;
  waiters_.wake_all();
}

void gate::wait() { wait_until(deadline::never()); }

bool gate::wait_until(deadline limit) {
  cooperate();
  if (is_open()) return true;
  return waiters_.wait_unless([this] { return is_open(); }, limit, {gate_kind, this}) ==
         wake_reason::event;
}

}  // namespace heddle::sync
