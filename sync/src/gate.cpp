// SPDX-License-Identifier: MIT
// gate: a flag, and what its waits are called.
#include <heddle/sync/gate.hpp>

namespace heddle::sync {

namespace {
constexpr wait_kind gate_kind{"gate"};
}

gate::~gate() { detail::check_nobody_waits(!flag_.is_waited_for(), "gate"); }

bool gate::wait_until(deadline limit) { return flag_.wait_until(limit, {gate_kind, this}); }

}  // namespace heddle::sync
