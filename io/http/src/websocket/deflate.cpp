// SPDX-License-Identifier: MIT
// zlib, raw. It takes a window of 2^8 for one of 2^9 when it compresses, so 8 is never asked of it;
// to inflate, a larger window does for a smaller one.
#include "websocket/deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <climits>
#include <new>

namespace heddle::http::detail {

namespace {

constexpr std::size_t step_bytes = std::size_t{16} << 10;

// Where the ratio is looked at: at the same places however the message is cut.
constexpr std::size_t block_bytes = 1024;

constexpr std::array<Bytef, 4> common_end = {0x00, 0x00, 0xff, 0xff};

Bytef* bytes_of(std::string& text, std::size_t at) {
  return reinterpret_cast<Bytef*>(text.data()) + at;
}

/// zlib does not write through it.
Bytef* input_of(std::span<const std::byte> from) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(from.data()));
}

}  // namespace

struct compressor::stream {
  explicit stream(const agreed_compression& agreed) {
    if (::deflateInit2(&state, agreed.level, Z_DEFLATED, -agreed.send_window_bits,
                       agreed.memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~stream() { ::deflateEnd(&state); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  z_stream state{};
};

compressor::compressor(const agreed_compression& agreed) : agreed_(agreed) {}
compressor::~compressor() = default;

void compressor::add(std::span<const std::byte> piece, part which, std::string& out) {
  if (stream_ == nullptr) stream_ = std::make_unique<stream>(agreed_);
  z_stream& state = stream_->state;
  do {
    const auto now = piece.first(std::min<std::size_t>(piece.size(), UINT_MAX));
    piece = piece.subspan(now.size());
    state.next_in = input_of(now);
    state.avail_in = static_cast<uInt>(now.size());
    const bool is_end = which == part::last && piece.empty();
    do {
      const std::size_t held = out.size();
      out.resize(held + step_bytes);
      state.next_out = bytes_of(out, held);
      state.avail_out = static_cast<uInt>(step_bytes);
      ::deflate(&state, is_end ? Z_SYNC_FLUSH : Z_NO_FLUSH);
      out.resize(held + step_bytes - state.avail_out);
    } while (state.avail_out == 0);
  } while (!piece.empty());
  if (which != part::last) return;
  out.resize(out.size() - common_end.size());
  if (agreed_.send_context == agreed_compression::context::forget) stream_.reset();
}

void compressor::forget() noexcept { stream_.reset(); }

struct decompressor::stream {
  explicit stream(int window_bits) {
    if (::inflateInit2(&state, -std::max(window_bits, 9)) != Z_OK) throw std::bad_alloc();
  }
  ~stream() { ::inflateEnd(&state); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  z_stream state{};
};

decompressor::decompressor(const agreed_compression& agreed, const inflate_limits& limits)
    : agreed_(agreed), limits_(limits) {}
decompressor::~decompressor() = default;

/// A block that says it is the last one does not end the messages: what follows may refer to it.
void decompressor::begin_again_in_window() {
  z_stream& state = stream_->state;
  std::array<Bytef, std::size_t{1} << 15> window;
  uInt held = 0;
  ::inflateGetDictionary(&state, window.data(), &held);
  ::inflateReset(&state);
  ::inflateSetDictionary(&state, window.data(), held);
}

/// Inflates all that can be had of `block`.
void decompressor::inflate_block(std::span<const std::byte> block, std::string& out,
                                 std::error_code& error) {
  z_stream& state = stream_->state;
  state.next_in = input_of(block);
  state.avail_in = static_cast<uInt>(block.size());
  int result = Z_OK;
  do {
    const std::size_t held = out.size();
    const std::size_t step = std::min(step_bytes, limits_.message_bytes - held + 1);
    out.resize(held + step);
    state.next_out = bytes_of(out, held);
    state.avail_out = static_cast<uInt>(step);
    result = ::inflate(&state, Z_SYNC_FLUSH);
    out.resize(held + step - state.avail_out);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_STREAM_END) begin_again_in_window();
    if (result == Z_DATA_ERROR || result == Z_NEED_DICT || result == Z_STREAM_ERROR) {
      error = websocket_errc::bad_compression;
    } else if (out.size() > limits_.message_bytes) {
      error = websocket_errc::message_too_big;
    }
  } while (!error && (state.avail_in != 0 || state.avail_out == 0));
}

void decompressor::add(std::span<const std::byte> piece, std::string& out, std::error_code& error) {
  error.clear();
  if (stream_ == nullptr) stream_ = std::make_unique<stream>(agreed_.receive_window_bits);
  while (!piece.empty() && !error) {
    const std::size_t rest_of_block = block_bytes - taken_ % block_bytes;
    const auto block = piece.first(std::min(piece.size(), rest_of_block));
    inflate_block(block, out, error);
    piece = piece.subspan(block.size());
    taken_ += block.size();
    const std::size_t most = std::max(limits_.floor_bytes, limits_.ratio * taken_);
    if (!error && taken_ % block_bytes == 0 && out.size() > most) {
      error = websocket_errc::inflates_too_much;
    }
  }
}

void decompressor::finish(std::string& out, std::error_code& error) {
  add(std::as_bytes(std::span(common_end)), out, error);
  const std::size_t most = std::max(limits_.floor_bytes, limits_.ratio * taken_);
  if (!error && out.size() > most) error = websocket_errc::inflates_too_much;
  constexpr int between_blocks = 128;
  if (!error && (stream_->state.data_type & between_blocks) == 0) {
    error = websocket_errc::bad_compression;
  }
  taken_ = 0;
  if (agreed_.receive_context == agreed_compression::context::forget) stream_.reset();
}

}  // namespace heddle::http::detail
