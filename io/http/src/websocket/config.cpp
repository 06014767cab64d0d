// SPDX-License-Identifier: MIT
// Checks of what the user has set.
#include <heddle/http/websocket_config.hpp>

#include "message/syntax.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace heddle::http {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct size_range {
  std::size_t least;
  std::size_t most;
};

[[noreturn]] void refuse(const char* field, const std::string& why) {
  throw std::invalid_argument(std::string("heddle::http::websocket_config::") + field + why);
}

void check_range(const char* field, std::size_t value, size_range range) {
  if (value >= range.least && value <= range.most) return;
  refuse(field, " is " + std::to_string(value) + ", not in " + std::to_string(range.least) + ".." +
                    std::to_string(range.most));
}

void check_time(const char* field, nanoseconds value, hours most) {
  if (value >= milliseconds{1} && value <= most) return;
  refuse(field, " is " + std::to_string(value.count()) + " ns, not in 1 ms.." +
                    std::to_string(most.count()) + " h");
}

void check_limits(const websocket_limits& limits) {
  constexpr std::size_t gigabyte = std::size_t{1} << 30;
  check_range("limits.frame_bytes", limits.frame_bytes, {125, gigabyte});
  check_range("limits.message_bytes", limits.message_bytes, {1, 4 * gigabyte});
  check_range("limits.fragments", limits.fragments, {1, UINT32_MAX});
  check_range("limits.inflate_ratio", limits.inflate_ratio, {1, 1100});
  check_range("limits.control_frames_per_second", limits.control_frames_per_second, {1, 1'000'000});
  check_range("limits.send_frame_bytes", limits.send_frame_bytes, {125, gigabyte});
  check_range("limits.read_bytes", limits.read_bytes, {512, std::size_t{1} << 20});
  check_time("limits.write_stall", limits.write_stall, hours{1});
  check_time("limits.close_timeout", limits.close_timeout, hours{1});
  check_time("limits.pong_timeout", limits.pong_timeout, hours{24});
  if (limits.ping_interval != nanoseconds::zero()) {
    check_time("limits.ping_interval", limits.ping_interval, hours{24});
  }
}

/// A negative one is larger than every range.
void check_number(const char* field, int value, size_range range) {
  check_range(field, static_cast<std::size_t>(static_cast<unsigned>(value)), range);
}

}  // namespace

void websocket_config::check() const {
  check_limits(limits);
  check_number("compression.send_window_bits", compression.send_window_bits, {9, 15});
  check_number("compression.receive_window_bits", compression.receive_window_bits, {9, 15});
  check_number("compression.level", compression.level, {1, 9});
  check_number("compression.memory_level", compression.memory_level, {1, 9});
  for (auto each = subprotocols.begin(); each != subprotocols.end(); ++each) {
    if (!detail::is_token(*each)) refuse("subprotocols", ": '" + *each + "' is no token");
    if (std::find(subprotocols.begin(), each, *each) != each) {
      refuse("subprotocols", ": '" + *each + "' is there twice");
    }
  }
  for (const std::string& each : origins) {
    if (each != "*" && each.find("://") == each.npos) {
      refuse("origins", ": '" + each + "' is no origin, such as https://example.com");
    }
  }
}

}  // namespace heddle::http
