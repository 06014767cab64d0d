// SPDX-License-Identifier: MIT
// From an error code to the exception that names the socket.
#pragma once

#include "net/socket.hpp"

#include <heddle/io/error.hpp>

#include <string_view>
#include <system_error>

namespace heddle::io::detail {

inline void throw_if(const std::error_code& error, std::string_view operation,
                     const socket_use& on) {
  if (error) throw io_error(error, operation, on.name());
}

}  // namespace heddle::io::detail
