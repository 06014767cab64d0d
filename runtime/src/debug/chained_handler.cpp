// SPDX-License-Identifier: MIT
// Coming in between, and handing on.
#include "debug/chained_handler.hpp"

#include <execinfo.h>

namespace heddle::detail {

void chained_handler::install() noexcept {
  const std::lock_guard guard(install_lock_);
  if (installed_) return;
  installed_ = true;
  void* frame = nullptr;
  ::backtrace(&frame, 1);  // loads what it needs now, not inside the handler
  struct sigaction action {};
  action.sa_sigaction = handler_;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ::sigaction(signal_, &action, &previous_);
}

bool chained_handler::hand_on(siginfo_t* info, void* context) const noexcept {
  if ((previous_.sa_flags & SA_SIGINFO) != 0 && previous_.sa_sigaction != nullptr) {
    previous_.sa_sigaction(signal_, info, context);
    return true;
  }
  if (previous_.sa_handler == SIG_DFL || previous_.sa_handler == SIG_IGN) return false;
  previous_.sa_handler(signal_);
  return true;
}

}  // namespace heddle::detail
