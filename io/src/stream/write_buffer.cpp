// SPDX-License-Identifier: MIT
// The buffer of buffered_writer: from begin_ on it waits.
#include <heddle/io/buffered_writer.hpp>

#include <heddle/io/error.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace heddle::io::detail {

write_buffer::write_buffer(sink_ref to, const write_limits& limits) : to_(to), limits_(limits) {
  constexpr std::size_t most_bytes = std::size_t{1} << 30;
  if (limits.buffer_bytes >= 1 && limits.buffer_bytes <= most_bytes) return;
  throw std::invalid_argument("heddle::io::write_limits::buffer_bytes is " +
                              std::to_string(limits.buffer_bytes) + ", not in 1..2^30");
}

void write_buffer::flush(std::error_code& error) {
  error = failed_;
  while (waiting() != 0 && !error) {
    const auto rest = std::span<const std::byte>(held_).subspan(begin_);
    begin_ += to_.write(to_.stream, rest, error);
  }
  failed_ = error;
  if (error) return;
  held_.clear();
  begin_ = 0;
}

/// Hands `from` to the stream, past the buffer.
void write_buffer::put(std::span<const std::byte> from, std::error_code& error) {
  std::size_t bytes = 0;
  try {
    while (bytes < from.size() && !error) {
      bytes += to_.write(to_.stream, from.subspan(bytes), error);
    }
  } catch (...) {
    // What comes next must not be taken for the rest of this.
    if (bytes != 0) failed_ = std::make_error_code(std::errc::operation_canceled);
    throw;
  }
  failed_ = error;
}

void write_buffer::write(std::span<const std::byte> from, std::error_code& error) {
  error = failed_;
  if (!error && from.size() > limits_.buffer_bytes - waiting()) flush(error);
  if (error) return;
  if (from.size() >= limits_.buffer_bytes) return put(from, error);
  if (held_.capacity() == 0) held_.reserve(limits_.buffer_bytes);
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(std::exchange(begin_, 0)));
  held_.insert(held_.end(), from.begin(), from.end());
}

void write_buffer::write(std::string_view text, std::error_code& error) {
  write(std::as_bytes(std::span(text)), error);
}

std::size_t write_buffer::write_some(std::span<const std::byte> from, std::error_code& error) {
  write(from, error);
  return error ? 0 : from.size();
}

void write_buffer::fail(const std::error_code& error) const {
  if (error) to_.fail(to_.stream, error, "write to");
}

void write_buffer::write(std::span<const std::byte> from) {
  std::error_code error;
  write(from, error);
  fail(error);
}

void write_buffer::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void write_buffer::flush() {
  std::error_code error;
  flush(error);
  fail(error);
}

}  // namespace heddle::io::detail
