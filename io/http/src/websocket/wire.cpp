// SPDX-License-Identifier: MIT
// A write that stalls is cut off by a deadline of its own; one that does not has no need of a
// clock.
#include "websocket/wire.hpp"

#include <heddle/runtime/cancel.hpp>

#include <mutex>

namespace heddle::http::detail {

void wire::note(std::error_code cause) noexcept {
  const std::lock_guard guard(lock_);
  if (!cause_) cause_ = cause;
}

void wire::abort(std::error_code cause) noexcept {
  note(cause);
  stream_.abort();
}

void wire::close(std::error_code cause) noexcept {
  note(cause);
  stream_.close();
}

std::error_code wire::cause() const noexcept {
  const std::lock_guard guard(lock_);
  return cause_;
}

void wire::explain(std::error_code& error) const noexcept {
  if (!error) return;
  if (const std::error_code why = cause()) error = why;
}

std::size_t wire::read_some(std::span<std::byte> into, std::error_code& error) {
  const std::size_t bytes = stream_.read_some(into, error);
  explain(error);
  return bytes;
}

void wire::wait_readable(std::error_code& error) {
  stream_.wait_readable(error);
  explain(error);
}

std::size_t wire::read_what_has_come(std::span<std::byte> into, std::error_code& error) {
  std::size_t bytes = stream_.try_read_some(into, error);
  if (error == std::errc::operation_would_block && stream_.is_readable()) {
    bytes = stream_.read_some(into, error);
  }
  explain(error);
  return bytes;
}

std::size_t wire::write_some(std::span<const std::byte> from, std::error_code& error) {
  error = cause();
  if (error) return 0;
  std::size_t bytes = stream_.try_write_some(from, error);
  if (error != std::errc::operation_would_block) {
    explain(error);
    return bytes;
  }
  const bool moved = move_on_after(write_stall_, [&] { bytes = stream_.write_some(from, error); });
  if (!moved) {
    error = std::make_error_code(std::errc::timed_out);
    abort(error);
  }
  explain(error);
  return bytes;
}

void wire::shutdown_write() noexcept {
  std::error_code ignored;
  stream_.shutdown_write(ignored);
}

}  // namespace heddle::http::detail
