// SPDX-License-Identifier: MIT
// Words, then the bytes that are left over.
#include "websocket/mask.hpp"

#include "websocket/random.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace heddle::http::detail {

void apply_mask(const std::byte* from, std::byte* to, masked_piece piece, mask_key key) noexcept {
  std::array<std::byte, 8> turned;
  for (std::size_t n = 0; n < turned.size(); ++n) turned[n] = key[(piece.offset + n) % 4];
  std::uint64_t word_key = 0;
  std::memcpy(&word_key, turned.data(), sizeof word_key);
  std::size_t at = 0;
  for (; at + sizeof word_key <= piece.bytes; at += sizeof word_key) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + at, sizeof word);
    word ^= word_key;
    std::memcpy(to + at, &word, sizeof word);
  }
  for (; at < piece.bytes; ++at) to[at] = from[at] ^ turned[at % 8];
}

mask_key mask_source::next() {
  if (used_ == pool_.size()) {
    fill_with_random(pool_);
    used_ = 0;
  }
  mask_key key;
  std::copy_n(pool_.begin() + static_cast<std::ptrdiff_t>(used_), key.size(), key.begin());
  used_ += key.size();
  return key;
}

}  // namespace heddle::http::detail
