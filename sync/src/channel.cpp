// SPDX-License-Identifier: MIT
// The untyped part of channels: waiting in them, and closing.
#include <heddle/sync/channel.hpp>

namespace heddle::sync::detail {

namespace {
constexpr wait_kind send_kind{"room in channel"};
constexpr wait_kind receive_kind{"a value of channel"};
}  // namespace

void throw_channel_closed() {
  throw channel_closed("heddle::sync::channel: send on a closed channel");
}

channel_core::~channel_core() {
  check_nobody_waits(receivers_.empty(), "channel");
  check_nobody_waits(senders_.empty(), "channel");
}

void channel_core::close() noexcept {
  handover woken;
  const std::lock_guard locked(lock_);
  closed_ = true;
  senders_.claim_all(woken, settlement::closed);
  receivers_.claim_all(woken, settlement::closed);
}

bool channel_core::is_closed() const noexcept {
  const std::lock_guard locked(lock_);
  return closed_;
}

std::size_t channel_core::size() const noexcept {
  const std::lock_guard locked(lock_);
  return count_;
}

bool channel_core::wait_to_send(party& self, guard& locked, deadline limit) {
  const wake_reason reason = wait_as(self, senders_, locked, limit, {send_kind, this});
  if (reason != wake_reason::event) {
    throw_if_cancelled(reason);
    return false;
  }
  const settlement how = self.settled();
  if (how == settlement::closed) throw_channel_closed();
  if (how == settlement::failed) std::rethrow_exception(self.error());
  return true;
}

bool channel_core::wait_to_receive(party& self, guard& locked, deadline limit) {
  const wake_reason reason = wait_as(self, receivers_, locked, limit, {receive_kind, this});
  throw_if_cancelled(reason);
  return reason != wake_reason::event || self.settled() != settlement::failed;
}

}  // namespace heddle::sync::detail
