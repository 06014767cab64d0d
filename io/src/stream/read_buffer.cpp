// SPDX-License-Identifier: MIT
// The buffer of buffered_reader: begin_ .. end_ is held, behind it is room for the next piece.
#include <heddle/io/buffered_reader.hpp>

#include <heddle/io/error.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace heddle::io::detail {

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 30;
constexpr std::size_t least_room = 512;

void check(std::size_t value, const char* name) {
  if (value >= 1 && value <= most_bytes) return;
  throw std::invalid_argument("heddle::io::read_limits::" + std::string(name) + " is " +
                              std::to_string(value) + ", not in 1..2^30");
}

}  // namespace

read_buffer::read_buffer(source_ref from, const read_limits& limits)
    : from_(from), limits_(limits) {
  check(limits.piece_bytes, "piece_bytes");
  check(limits.line_bytes, "line_bytes");
}

std::string_view read_buffer::text() const noexcept {
  return {reinterpret_cast<const char*>(buffer_.data()) + begin_, held()};
}

std::span<const std::byte> read_buffer::buffered() const noexcept {
  return std::span(buffer_).subspan(begin_, held());
}

/// Sees to it that the stream can be asked for something.
void read_buffer::make_room() {
  if (held() == 0) begin_ = end_ = 0;
  const std::size_t wanted = std::min(limits_.piece_bytes, least_room);
  if (buffer_.size() - end_ >= wanted) return;
  if (held() != 0) std::memmove(buffer_.data(), buffer_.data() + begin_, held());
  end_ = held();
  begin_ = 0;
  if (buffer_.size() - end_ >= wanted) return;
  // Doubled, so that a long line is not copied once for each piece.
  buffer_.resize(std::max(buffer_.size() + std::min(buffer_.size(), limits_.line_bytes),
                          end_ + limits_.piece_bytes));
}

/// Reads a piece; returns false at the end of the stream, and if there was an error.
bool read_buffer::fill(std::error_code& error) {
  make_room();
  const std::size_t most = std::min(buffer_.size() - end_, limits_.piece_bytes);
  const std::size_t bytes = from_.read(from_.stream, std::span(buffer_).subspan(end_, most), error);
  end_ += bytes;
  return bytes != 0 && !error;
}

std::string_view read_buffer::take(record which) noexcept {
  const std::string_view taken = text().substr(0, which.bytes);
  begin_ += which.with_end;
  return taken;
}

/// Looks for `delimiter`, reading on until it is there, or cannot be within the limit. Nothing,
/// with no error: the stream has ended before.
std::optional<read_buffer::record> read_buffer::find(std::string_view delimiter,
                                                     std::error_code& error) {
  error.clear();
  std::size_t searched = 0;
  for (;;) {
    const std::size_t at = text().find(delimiter, searched);
    if (at != std::string_view::npos) return record{at, at + delimiter.size()};
    if (held() >= limits_.line_bytes + delimiter.size() + 1) {  // "\r\n" for "\n"
      error = io_errc::line_too_long;
      return std::nullopt;
    }
    searched = held() < delimiter.size() ? 0 : held() - (delimiter.size() - 1);
    if (!fill(error)) return std::nullopt;
  }
}

std::optional<std::string_view> read_buffer::read_line(std::error_code& error) {
  std::optional<record> line = find("\n", error);
  if (error || (!line && held() == 0)) return std::nullopt;
  if (line) {
    if (line->bytes != 0 && text()[line->bytes - 1] == '\r') --line->bytes;
  } else {
    line = record{held(), held()};
  }
  if (line->bytes > limits_.line_bytes) {
    error = io_errc::line_too_long;
    return std::nullopt;
  }
  return take(*line);
}

std::optional<std::string_view> read_buffer::read_until(std::string_view delimiter,
                                                        std::error_code& error) {
  if (delimiter.empty()) throw std::invalid_argument("heddle::io: read_until(): empty delimiter");
  const std::optional<record> found = find(delimiter, error);
  if (error) return std::nullopt;
  const std::size_t bytes = found ? found->bytes : held();
  if (bytes > limits_.line_bytes) {
    error = io_errc::line_too_long;
  } else if (!found && held() != 0) {
    error = io_errc::unexpected_end;
  }
  if (error || !found) return std::nullopt;
  return take(*found);
}

std::size_t read_buffer::read_some(std::span<std::byte> into, std::error_code& error) {
  error.clear();
  if (into.empty()) return 0;
  if (held() == 0) {
    // Large reads go past the buffer.
    if (into.size() >= limits_.piece_bytes) return from_.read(from_.stream, into, error);
    if (!fill(error)) return 0;
  }
  const std::size_t bytes = std::min(into.size(), held());
  std::memcpy(into.data(), buffer_.data() + begin_, bytes);
  begin_ += bytes;
  return bytes;
}

std::size_t read_buffer::read_exactly(std::span<std::byte> into, std::error_code& error) {
  return detail::read_exactly(source_ref::to(*this), into, error);
}

std::string read_buffer::read_all(std::size_t most) {
  std::string all;
  for (;;) {
    const std::string_view piece = text();
    if (piece.size() > most - all.size()) fail(io_errc::too_much, "read all from");
    all += piece;
    begin_ = end_;
    std::error_code error;
    if (!fill(error)) {
      fail(error, "read all from");
      return all;
    }
  }
}

void read_buffer::fail(const std::error_code& error, std::string_view operation) const {
  if (error) from_.fail(from_.stream, error, operation);
}

std::optional<std::string_view> read_buffer::read_line() {
  std::error_code error;
  const auto line = read_line(error);
  fail(error, "read a line from");
  return line;
}

std::optional<std::string_view> read_buffer::read_until(std::string_view delimiter) {
  std::error_code error;
  const auto found = read_until(delimiter, error);
  fail(error, "read a record from");
  return found;
}

std::size_t read_buffer::read_some(std::span<std::byte> into) {
  std::error_code error;
  const std::size_t bytes = read_some(into, error);
  fail(error, "read from");
  return bytes;
}

void read_buffer::read_exactly(std::span<std::byte> into) {
  std::error_code error;
  read_exactly(into, error);
  fail(error, "read from");
}

}  // namespace heddle::io::detail
