// SPDX-License-Identifier: MIT
// The checks of a client's limits.
#include "client/client_core.hpp"

#include "message/syntax.hpp"

#include <stdexcept>
#include <string>

namespace heddle::http::detail {

namespace {

constexpr std::size_t most = std::size_t{1} << 30;

[[noreturn]] void refuse(const char* name, const std::string& why) {
  throw std::invalid_argument("heddle::http::client_config::" + std::string(name) + " " + why);
}

void check_number(std::size_t value, std::size_t least, const char* name) {
  if (value >= least && value <= most) return;
  refuse(name, "is " + std::to_string(value) + ", not in " + std::to_string(least) + "..2^30");
}

void check_time(std::chrono::nanoseconds value, const char* name) {
  if (value <= std::chrono::nanoseconds::zero()) refuse(name, "is not positive");
}

}  // namespace

const client_config& checked(const client_config& config) {
  check_time(config.connect_timeout, "connect_timeout");
  check_time(config.pool_wait, "pool_wait");
  check_time(config.header_timeout, "header_timeout");
  check_time(config.write_timeout, "write_timeout");
  check_time(config.body_grace, "body_grace");
  check_time(config.request_timeout, "request_timeout");
  check_time(config.idle_timeout, "idle_timeout");
  check_time(config.expect_continue_wait, "expect_continue_wait");
  check_number(config.status_line_bytes, 16, "status_line_bytes");
  check_number(config.header_bytes, 64, "header_bytes");
  check_number(config.header_fields, 1, "header_fields");
  check_number(config.interim_responses, 0, "interim_responses");
  check_number(config.body_bytes, 0, "body_bytes");
  check_number(config.chunk_line_bytes, 16, "chunk_line_bytes");
  check_number(config.chunk_extension_bytes, 0, "chunk_extension_bytes");
  check_number(config.trailer_bytes, 0, "trailer_bytes");
  check_number(config.connections_per_host, 1, "connections_per_host");
  check_number(config.connections, 1, "connections");
  check_number(config.idle_connections, 0, "idle_connections");
  check_number(config.redirects, 0, "redirects");
  if (!is_field_value(config.user_agent)) refuse("user_agent", "cannot be the value of a field");
  return config;
}

}  // namespace heddle::http::detail
