// SPDX-License-Identifier: MIT
// The counters of a proxy, and those who wait for them. Invariant: readers see all of a change, or
// nothing of it.
#pragma once

#include "proxy/notifier.hpp"

#include <heddle/testing/proxy_plan.hpp>

#include <functional>
#include <mutex>

namespace heddle::testing::detail {

class board {
 public:
  /// Changes the counters. `change` neither suspends nor throws. Returns what it returns.
  template <class Change>
  auto update(Change change) {
    struct tell {
      notifier& whom;
      ~tell() { whom.changed(); }
    };
    const tell last{changes_};
    const std::lock_guard guard(lock_);
    return change(stats_);
  }

  proxy_stats read() const {
    const std::lock_guard guard(lock_);
    return stats_;
  }

  /// As fault_proxy::wait_until().
  bool wait_until(const std::function<bool(const proxy_stats&)>& holds, deadline limit);

 private:
  mutable std::mutex lock_;  // held for a few instructions, in which nobody suspends
  proxy_stats stats_;
  notifier changes_;
};

}  // namespace heddle::testing::detail
