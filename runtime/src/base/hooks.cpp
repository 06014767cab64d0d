// SPDX-License-Identifier: MIT
// The user's hook, or the default.
#include "base/hooks.hpp"

namespace heddle::detail {

error_hooks::error_hooks(const config& settings)
    : name_(settings.name), on_unhandled_(settings.on_unhandled), on_stall_(settings.on_stall) {}

void error_hooks::unhandled(const unhandled_error& error) noexcept {
  count_.fetch_add(1, std::memory_order_relaxed);
  if (on_unhandled_) {
    on_unhandled_(error);
  } else {
    print_unhandled(name_, error);
  }
}

void error_hooks::stall(const stall_report& report) noexcept {
  if (!limiter_of(report.what).admit(clock::now())) return;
  if (on_stall_) {
    on_stall_(report);
  } else {
    print_stall(name_, report);
  }
}

}  // namespace heddle::detail
