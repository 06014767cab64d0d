// SPDX-License-Identifier: MIT
// Masks by words give what masks by bytes give.
#include "websocket/mask.hpp"

#include "http/websocket/frames.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

using namespace heddle::http::detail;
using heddle::test::bytes_of;

constexpr mask_key key = {std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

std::string by_bytes(std::string_view text, std::size_t offset) {
  std::string all(text);
  for (std::size_t n = 0; n < all.size(); ++n) {
    all[n] = static_cast<char>(all[n] ^ static_cast<char>(key[(offset + n) % 4]));
  }
  return all;
}

TEST(mask, by_words_is_the_same_as_by_bytes_at_every_length_and_offset) {
  const std::string text = "The quick brown fox jumps over the lazy dog, twice";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    for (std::size_t offset = 0; offset < 9; ++offset) {
      const std::string_view piece = std::string_view(text).substr(0, size);
      std::string into(size, '\0');
      apply_mask(bytes_of(piece).data(), reinterpret_cast<std::byte*>(into.data()), {size, offset},
                 key);
      ASSERT_EQ(into, by_bytes(piece, offset)) << size << " bytes at " << offset;
    }
  }
}

TEST(mask, taken_twice_gives_the_bytes_back_in_place) {
  std::string text = "some bytes, in their own place";
  const std::string before = text;
  auto* const at = reinterpret_cast<std::byte*>(text.data());
  apply_mask(at, at, {text.size(), 3}, key);
  EXPECT_NE(text, before);
  apply_mask(at, at, {text.size(), 3}, key);
  EXPECT_EQ(text, before);
}

TEST(mask, keys_differ_from_frame_to_frame) {
  mask_source keys;
  std::set<mask_key> seen;
  for (int n = 0; n < 64; ++n) seen.insert(keys.next());
  EXPECT_GE(seen.size(), 63U);  // two the same: once in two million runs
}

}  // namespace
