// SPDX-License-Identifier: MIT
// A port of 127.0.0.1 that is ours from the first to the last, whether somebody listens there or
// not: a second socket is bound to it and never listens, so that the system gives the port to
// nobody else while newcomers are refused.
#pragma once

#include <heddle/io/endpoint.hpp>
#include <heddle/runtime/owned_fd.hpp>

namespace heddle::testing::detail {

class port {
 public:
  /// Has the system choose one. Errors: io::io_error.
  port();

  const io::endpoint& where() const noexcept { return where_; }

 private:
  owned_fd fd_;
  io::endpoint where_;
};

}  // namespace heddle::testing::detail
