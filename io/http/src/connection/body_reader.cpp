// SPDX-License-Identifier: MIT
// Sized bodies are read past the buffer where that saves a copy; chunked ones out of it.
#include "connection/body_reader.hpp"

#include <heddle/http/error.hpp>
#include <heddle/runtime/clock.hpp>

#include <algorithm>
#include <cstring>

namespace heddle::http::detail {

namespace {

constexpr std::size_t piece_bytes = 16 * 1024;

deadline limit_of(const pace& speed, std::chrono::nanoseconds waited, std::uint64_t bytes) {
  using std::chrono::nanoseconds;
  if (speed.bytes_per_second == 0) return deadline::never();
  const double seconds = static_cast<double>(bytes) / static_cast<double>(speed.bytes_per_second);
  const auto for_bytes = std::chrono::duration_cast<nanoseconds>(
      std::chrono::duration<double>(std::min(seconds, 1e9)));
  // The grace may be the longest time there is.
  const nanoseconds allowed = std::min(speed.grace, nanoseconds::max() - for_bytes) + for_bytes;
  return deadline::after(allowed - waited);
}

}  // namespace

/// Waits no longer than the pace allows, and counts how long that was.
template <class Read>
auto body_reader::in_time(Read read, std::error_code& error) {
  const auto began = clock::now();
  const deadline limit = limit_of(pace_, waited_, bytes_);
  const auto result = read(limit);
  waited_ += clock::now() - began;
  // TCP may give the peer up, too, with the same error: then nobody is there to be slow.
  if (error == std::errc::timed_out && limit.passed()) error = http_errc::too_slow;
  return result;
}

bool body_reader::ended() const noexcept {
  switch (kind_) {
    case body_kind::none:
      return true;
    case body_kind::sized:
      return left_ == 0;
    case body_kind::chunked:
      return chunks_->done();
    case body_kind::until_close:
      return false;
  }
  return true;
}

std::size_t body_reader::read_some(std::span<std::byte> into, std::error_code& error) {
  error.clear();
  if (into.empty() || ended()) return 0;
  const std::size_t bytes =
      kind_ == body_kind::chunked ? read_chunked(into, error) : read_plain(into, error);
  bytes_ += bytes;
  if (error) error_ = error;
  return bytes;
}

/// Takes bytes out of the buffer, or, if that is empty, off the connection.
std::size_t body_reader::receive(std::span<std::byte> into, std::error_code& error) {
  input_buffer& buffer = from_.buffer();
  if (buffer.held().empty() && into.size() < input_buffer::piece_bytes) {
    in_time([&](deadline limit) { return from_.fill(limit, error); }, error);
  } else if (buffer.held().empty()) {
    return in_time([&](deadline limit) { return from_.read_some(into, limit, error); }, error);
  }
  const std::size_t bytes = std::min(into.size(), buffer.held().size());
  std::memcpy(into.data(), buffer.held().data(), bytes);
  buffer.take(bytes);
  return bytes;
}

std::size_t body_reader::read_plain(std::span<std::byte> into, std::error_code& error) {
  const bool sized = kind_ == body_kind::sized;
  if (sized) into = into.first(std::min<std::uint64_t>(into.size(), left_));
  const std::size_t bytes = receive(into, error);
  if (sized) left_ -= bytes;
  if (bytes != 0 || error) return bytes;
  if (sized) {
    error = http_errc::body_cut_off;
  } else {
    kind_ = body_kind::none;
  }
  return 0;
}

std::size_t body_reader::read_chunked(std::span<std::byte> into, std::error_code& error) {
  input_buffer& buffer = from_.buffer();
  for (;;) {
    while (!buffer.held().empty()) {
      // No more than fits is shown to the decoder as data: what it hands out has been taken.
      const auto step = chunks_->decode(buffer.held().substr(0, into.size()));
      if (step.refused) {
        error = http_errc::malformed_body;
        return 0;
      }
      if (!step.data.empty()) std::memcpy(into.data(), step.data.data(), step.data.size());
      buffer.take(step.taken);
      if (!step.data.empty() || chunks_->done()) return step.data.size();
    }
    const bool more = in_time([&](deadline limit) { return from_.fill(limit, error); }, error);
    if (!more && !error) error = http_errc::body_cut_off;
    if (error) return 0;
  }
}

std::optional<std::string_view> body_reader::take_held(std::uint64_t most) noexcept {
  if (kind_ == body_kind::none) return std::string_view();
  input_buffer& buffer = from_.buffer();
  if (!is_here() || left_ > most) return std::nullopt;
  const std::string_view whole = buffer.held().substr(0, left_);
  buffer.take(left_);
  bytes_ = left_;
  left_ = 0;
  return whole;
}

void body_reader::read_all(std::string& into, std::uint64_t most, std::error_code& error) {
  error.clear();
  if (kind_ == body_kind::sized && left_ > most) {
    error = error_ = http_errc::body_too_large;
    return;
  }
  while (!ended()) {
    const std::size_t before = into.size();
    const std::uint64_t wanted = kind_ == body_kind::sized ? left_ : piece_bytes;
    into.resize(before + std::min<std::uint64_t>(wanted, piece_bytes));
    const std::size_t bytes =
        read_some(std::as_writable_bytes(std::span(into).subspan(before)), error);
    into.resize(before + bytes);
    if (into.size() > most) error = error_ = http_errc::body_too_large;
    if (error) return;
  }
}

}  // namespace heddle::http::detail
