// SPDX-License-Identifier: MIT
// One system call that does not wait, on a socket that may be closed, or closed meanwhile.
#pragma once

#include "net/failure.hpp"
#include "net/socket.hpp"
#include "net/system_call.hpp"

#include <heddle/io/stream_socket.hpp>

#include <string_view>
#include <system_error>
#include <utility>

namespace heddle::io::detail {

/// Makes one call that does not wait, and puts its errno value into `error`.
template <class Call>
void call_now(const socket_use& use, Call call, std::error_code& error) {
  error.clear();
  if (!use) {
    error = closed_before();
  } else if (const int failed = call(*use); failed != 0) {
    error = use->closed() ? closed_meanwhile() : system_error_code(failed);
  }
}

/// As call_now, but throws.
template <class Call>
void call_or_throw(const socket_use& use, Call call, std::string_view operation) {
  std::error_code error;
  call_now(use, call, error);
  throw_if(error, operation, use);
}

/// For what makes one kind of stream out of another.
struct stream_access {
  static socket_handle take(stream_socket&& from) noexcept { return std::move(from.socket_); }
};

}  // namespace heddle::io::detail
