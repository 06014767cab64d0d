// SPDX-License-Identifier: MIT
// Waiting for the counters.
#include "proxy/board.hpp"

namespace heddle::testing::detail {

namespace {
constexpr wait_kind counters_kind{"the counters of a fault_proxy"};
}

bool board::wait_until(const std::function<bool(const proxy_stats&)>& holds, deadline limit) {
  for (;;) {
    const auto seen = changes_.version();
    if (holds(read())) return true;
    if (!changes_.wait(seen, limit, wait_subject(counters_kind, this))) return holds(read());
  }
}

}  // namespace heddle::testing::detail
