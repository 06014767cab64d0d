// SPDX-License-Identifier: MIT
// event: a flag, and what its waits are called.
#include <heddle/sync/event.hpp>

namespace heddle::sync {

namespace {
constexpr wait_kind event_kind{"event"};
}

event::~event() { detail::check_nobody_waits(!flag_.is_waited_for(), "event"); }

bool event::wait_until(deadline limit) { return flag_.wait_until(limit, {event_kind, this}); }

}  // namespace heddle::sync
