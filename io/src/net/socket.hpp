// SPDX-License-Identifier: MIT
// One descriptor that many fibers and threads may use while one of them closes it. Invariants: (1)
// a call uses the descriptor only between begin() and end(); (2) begin() fails once the socket is
// closed, so the count of uses then only falls, and reaches 0 once: there, and nowhere else, the
// descriptor is given back to the system; (3) until then the number names this socket: no call can
// meet a reused number; (4) the record is freed when neither handle nor use is left. Proof:
// README.md. Not here: what is done with the descriptor (transfer.hpp, listening.hpp).
#pragma once

#include <heddle/runtime/owned_fd.hpp>

#include <heddle/io/endpoint.hpp>
#include <heddle/runtime/readiness.hpp>

#include <atomic>
#include <cstdint>
#include <system_error>

namespace heddle::io::detail {

enum class ending : std::uint8_t { graceful, reset };

class socket {
 public:
  /// Shape: `fd` is non-blocking; `named` is what errors call it. Errors: std::bad_alloc.
  socket(owned_fd fd, endpoint named);
  socket(const socket&) = delete;
  socket& operator=(const socket&) = delete;
  virtual ~socket() = default;  // called by drop() only

  /// Enters a use; false once closed. Suspends: no. Cost: one CAS.
  [[nodiscard]] bool begin() noexcept;
  /// Leaves it; the last use of a closed socket gives the descriptor back.
  void end() noexcept;

  /// Has uses under way wake up and fail, and gives the descriptor back when they have ended.
  void close(ending how) noexcept;
  /// Gives up the handle's share of the record, after close(). The last share frees it.
  void drop() noexcept;

  bool closed() const noexcept;

  /// Waits until a direction may be ready. Shape: inside a use. Returns: timed_out,
  /// operation_canceled if the socket was closed, or why the descriptor cannot be watched. Errors:
  /// throws `cancelled`. Suspends: yes, cancel-safe.
  std::error_code wait(readiness::direction which, deadline limit = {});

  /// Shape: inside a use.
  int fd() const noexcept { return fd_.get(); }
  readiness& watched() noexcept { return watched_; }
  const endpoint& name() const noexcept { return name_; }
  bool is_tcp() const noexcept {
    return name_.kind() == endpoint::family::ipv4 || name_.kind() == endpoint::family::ipv6;
  }

 private:
  /// Called once, when close() begins; the descriptor is still this socket's.
  virtual void closing() noexcept {}

  // Low half: uses under way, and the closed bit. High half: uses and handle, which keep the
  // record.
  static constexpr std::uint64_t one_use = 1;
  static constexpr std::uint64_t closed_bit = std::uint64_t{1} << 31;
  static constexpr std::uint64_t uses_mask = closed_bit - 1;
  static constexpr std::uint64_t one_share = std::uint64_t{1} << 32;

  std::atomic<std::uint64_t> word_{one_share};
  owned_fd fd_;
  readiness watched_;
  const endpoint name_;
};

/// One use of a socket; none if it is null or closed. Keeps the record beyond the end of its
/// handle.
class socket_use {
 public:
  explicit socket_use(socket* target) noexcept
      : target_(target), entered_(target != nullptr && target->begin()) {}
  socket_use(const socket_use&) = delete;
  socket_use& operator=(const socket_use&) = delete;
  ~socket_use() {
    if (entered_) target_->end();
  }

  explicit operator bool() const noexcept { return entered_; }
  socket* operator->() const noexcept { return target_; }
  socket& operator*() const noexcept { return *target_; }

  /// Returns what errors call the socket; `none` if it is null.
  endpoint name() const { return target_ == nullptr ? endpoint() : target_->name(); }

 private:
  socket* target_;
  bool entered_;
};

/// What a call on a closed socket reports.
inline std::error_code closed_before() noexcept {
  return std::make_error_code(std::errc::bad_file_descriptor);
}

/// What a call reports that was under way when its socket was closed.
inline std::error_code closed_meanwhile() noexcept {
  return std::make_error_code(std::errc::operation_canceled);
}

}  // namespace heddle::io::detail
