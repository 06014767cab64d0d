// SPDX-License-Identifier: MIT
// zlib does the work; members one after another are ours.
#include "client/gunzip.hpp"

#include <algorithm>
#include <climits>
#include <new>

#include <zlib.h>

namespace heddle::http::detail {

namespace {

constexpr int gzip_format = 15 + 16;  // the largest window, and gzip's head and sums

// Some tools end a file by one. More of them would keep a reader busy for nothing.
constexpr std::size_t most_empty_members = 16;

}  // namespace

struct gunzip::stream {
  stream() {
    if (::inflateInit2(&state, gzip_format) != Z_OK) throw std::bad_alloc();
  }
  ~stream() { ::inflateEnd(&state); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  z_stream state{};
};

gunzip::gunzip() : stream_(std::make_unique<stream>()) {}
gunzip::~gunzip() = default;

gunzip::step gunzip::inflate(std::string_view from, std::span<std::byte> into) {
  z_stream& state = stream_->state;
  step all;
  while (all.made == 0) {
    const auto rest = from.substr(all.taken).substr(0, UINT_MAX);
    if (whole_ && rest.empty()) return all;
    const std::size_t room = std::min<std::size_t>(into.size(), UINT_MAX);
    state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    state.avail_in = static_cast<uInt>(rest.size());
    state.next_out = reinterpret_cast<Bytef*>(into.data());
    state.avail_out = static_cast<uInt>(room);
    const int result = ::inflate(&state, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    all.taken += rest.size() - state.avail_in;
    all.made = room - state.avail_out;
    whole_ = result == Z_STREAM_END;
    if (whole_) {
      const bool empty = state.total_out == 0;
      all.malformed = empty && ++empty_members_ > most_empty_members;
      ::inflateReset(&state);
    } else {
      all.malformed = result != Z_OK && result != Z_BUF_ERROR;
    }
    if (all.malformed || (!whole_ && all.taken == from.size())) return all;
  }
  return all;
}

}  // namespace heddle::http::detail
