// SPDX-License-Identifier: MIT
// Two bytes of code, and a reason.
#include "websocket/close_frame.hpp"

#include "websocket/utf8.hpp"

#include <cstdint>

namespace heddle::http::detail {

bool may_be_sent(close_code code) noexcept {
  const auto value = static_cast<std::uint16_t>(code);
  return (value >= 1000 && value <= 1003) || (value >= 1007 && value <= 1014) ||
         (value >= 3000 && value <= 4999);
}

closing read_closing(std::span<const std::byte> payload, std::error_code& error) {
  error.clear();
  if (payload.empty()) return {};
  if (payload.size() == 1) {
    error = websocket_errc::bad_close_payload;
    return {};
  }
  closing found;
  found.code = static_cast<close_code>(static_cast<unsigned>(payload[0]) << 8 |
                                       static_cast<unsigned>(payload[1]));
  if (!may_be_sent(found.code)) {
    error = websocket_errc::bad_close_code;
    return {};
  }
  const auto reason = payload.subspan(2);
  found.reason.assign(reinterpret_cast<const char*>(reason.data()), reason.size());
  if (!is_utf8(found.reason)) {
    error = websocket_errc::bad_utf8;
    return {};
  }
  return found;
}

std::string build_closing(close_code code, std::string_view reason) {
  if (code == close_code::none) return {};
  const auto value = static_cast<std::uint16_t>(code);
  std::string payload;
  payload.reserve(2 + reason.size());
  payload.push_back(static_cast<char>(value >> 8));
  payload.push_back(static_cast<char>(value & 0xff));
  return payload.append(reason);
}

}  // namespace heddle::http::detail
