// SPDX-License-Identifier: MIT
// Deadlines by scopes.
#include "connection/inbound.hpp"

#include <heddle/runtime/cancel.hpp>

namespace heddle::http::detail {

std::size_t inbound::read_some(std::span<std::byte> into, deadline limit, std::error_code& error) {
  std::size_t bytes = 0;
  const bool in_time = move_on_at(limit, [&] { bytes = from_.read_some(into, error); });
  if (!in_time) error = std::make_error_code(std::errc::timed_out);
  return bytes;
}

bool inbound::fill(deadline limit, std::error_code& error) {
  error.clear();
  const std::size_t bytes = read_some(buffer_.room(), limit, error);
  buffer_.came(bytes);
  return bytes != 0 && !error;
}

bool inbound::try_fill(std::error_code& error) {
  const std::size_t bytes = from_.try_read_some(buffer_.room(), error);
  buffer_.came(bytes);
  return bytes != 0 && !error;
}

bool inbound::wait(deadline limit, std::error_code& error) {
  error.clear();
  return move_on_at(limit, [&] { from_.wait_readable(error); }) && !error;
}

}  // namespace heddle::http::detail
