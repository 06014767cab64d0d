// SPDX-License-Identifier: MIT
// Each piece that the peer takes gives it the whole limit again.
#include "connection/outbound.hpp"

#include <heddle/http/error.hpp>
#include <heddle/runtime/cancel.hpp>

#include <span>

namespace heddle::http::detail {

namespace {
constexpr std::size_t large = 16 * 1024;
}

bool outbound::write(std::string_view text) {
  std::span<const std::byte> rest = std::as_bytes(std::span(text));
  const std::size_t at_once = to_.try_write_some(rest, error_);
  if (error_ == std::errc::operation_would_block) error_.clear();
  rest = rest.subspan(at_once);
  sent_ += at_once;
  try {
    while (!rest.empty() && !error_) {
      std::size_t bytes = 0;
      const bool in_time = move_on_after(stall_, [&] { bytes = to_.write_some(rest, error_); });
      if (!in_time) error_ = http_errc::too_slow;
      rest = rest.subspan(bytes);
      sent_ += bytes;
    }
  } catch (...) {
    error_ = std::make_error_code(std::errc::operation_canceled);
    to_.abort();  // half a message is no message
    throw;
  }
  if (error_) to_.abort();
  return !error_;
}

bool outbound::flush() {
  if (failed()) return false;
  if (buffer_.empty()) return true;
  const bool sent = write(buffer_);
  buffer_.clear();
  return sent;
}

bool outbound::send(std::string_view text) {
  if (failed()) return false;
  if (text.size() < large) {
    buffer_ += text;
    return flush();
  }
  // The first packets go out full: the head with the beginning of the body.
  const std::size_t first = buffer_.empty() ? 0 : large - buffer_.size() % large;
  buffer_ += text.substr(0, first);
  return flush() && write(text.substr(first));
}

}  // namespace heddle::http::detail
