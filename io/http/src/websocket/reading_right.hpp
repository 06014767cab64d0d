// SPDX-License-Identifier: MIT
// Who reads from a connection: a receiver, or a closer while nobody receives, one at a time.
// Source: a Mesa monitor.
#pragma once

#include <heddle/runtime/wait_queue.hpp>

#include <cstdint>

namespace heddle::http::detail {

class reading_right {
 public:
  enum class user : std::uint8_t { nobody, receiver, closer };
  enum class outcome : bool {
    taken,
    twice,  ///< a receiver asked while another one has it
  };

  /// Waits until `who` has the reading. A receiver waits for a closer, but not for another
  /// receiver. Suspends: yes, cancel-safe.
  outcome take(user who);

  /// Gives it back.
  void leave() noexcept;

 private:
  wait_queue waiting_;
  user has_it_ = user::nobody;  // under the lock of waiting_
};

}  // namespace heddle::http::detail
