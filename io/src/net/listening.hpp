// SPDX-License-Identifier: MIT
// A listening socket, and how it rides out a shortage of descriptors or memory.
//
// When the table of descriptors is full, accept(2) fails although a newcomer waits, and the
// newcomer keeps the socket readable: a loop that tries again is a busy loop. So a spare descriptor
// is held; it is given back, the newcomer accepted and closed, and the spare taken again. A burst
// of refusals is followed by a pause, so that refusing costs little CPU however many come.
// Invariants: (1) at most one thread at a time works with the spare; (2) no pause is taken and
// nothing is reported under the lock; (3) a report is made at most once a second; what it does not
// count, the next does.
#pragma once

#include <heddle/runtime/owned_fd.hpp>
#include "net/address.hpp"
#include "net/socket.hpp"

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <system_error>

#include <sys/types.h>

namespace heddle::io::detail {

class listening final : public socket {
 public:
  using report_hook = std::function<void(const shortage_report&)>;

  listening(owned_fd fd, const endpoint& bound_to, report_hook on_shortage);

  /// Returns the next newcomer, or a closed handle and an error. Shape: inside a use.
  /// Errors: throws `cancelled`. Suspends: yes, cancel-safe.
  socket_handle accept(std::error_code& error);

  /// As accept(), but returns a closed handle and no error if nobody is there; then
  /// wait(direction::read) waits for the next. Suspends: only while it rides out a shortage.
  socket_handle try_accept(std::error_code& error);

  /// Counts a newcomer that its caller had to close, reports it, and pauses. Suspends: yes.
  void refused_for(const std::error_code& why);

  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  enum class refusal : std::uint8_t { refused, nobody_waits, no_spare };

  void closing() noexcept override;
  refusal refuse_one() noexcept;
  bool ride_out(int shortage);
  void report(const std::error_code& why, std::uint64_t newly_refused);

  report_hook on_shortage_;
  std::atomic<std::uint64_t> refused_{0};
  dev_t device_ = 0;  // with inode_: the file of a UNIX socket when it was bound
  ino_t inode_ = 0;

  std::mutex guard_;  // of what follows; held for a few system calls, never over a suspension
  owned_fd spare_;
  std::uint64_t unreported_ = 0;
  clock::time_point next_report_ = clock::time_point::min();
};

/// For serve(), which refuses newcomers too.
struct listener_access {
  /// Shape: `of` was bound.
  static listening& record(tcp_listener& of) noexcept {
    return static_cast<listening&>(*of.socket_.get());
  }
  static socket* handle(tcp_listener& of) noexcept { return of.socket_.get(); }
  static tcp_stream stream(socket_handle accepted) noexcept;
};

}  // namespace heddle::io::detail
