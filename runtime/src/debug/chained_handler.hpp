// SPDX-License-Identifier: MIT
// A handler for a signal that others handle too: what is not ours goes to whoever was there before.
// Invariants: (1) it is put in place once, and never taken away: somebody may have come after it,
// and hand on to it; (2) the handler may walk the stack, and hand_on() may be called in it. Not
// here: whose a signal is.
#pragma once

#include <mutex>

#include <signal.h>

namespace heddle::detail {

/// Has static storage.
class chained_handler {
 public:
  using function = void (*)(int signal, siginfo_t* info, void* context);
  constexpr chained_handler(int signal, function handler) noexcept
      : signal_(signal), handler_(handler) {}
  chained_handler(const chained_handler&) = delete;
  chained_handler& operator=(const chained_handler&) = delete;

  /// Puts the handler in place, once in a process. It runs on the thread's alternate stack, and
  /// what it interrupts goes on where the kernel can have it so (SA_RESTART).
  void install() noexcept;

  /// In the handler: calls the one that was there before. Returns false if there was none.
  bool hand_on(siginfo_t* info, void* context) const noexcept;

 private:
  const int signal_;
  const function handler_;
  std::mutex install_lock_;
  bool installed_ = false;
  struct sigaction previous_ {};
};

}  // namespace heddle::detail
