// SPDX-License-Identifier: MIT
// What is UTF-8 and what is not, and at which byte that is known.
#include "websocket/utf8.hpp"

#include "http/websocket/frames.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using heddle::http::detail::is_utf8;
using heddle::http::detail::utf8_checker;
using heddle::test::bytes_of;
using namespace std::string_view_literals;

/// Index of the first byte that is refused; npos: none.
std::size_t refused_at(std::string_view text) {
  utf8_checker checker;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (!checker.add(bytes_of(text.substr(n, 1)))) return n;
  }
  return text.npos;
}

const std::vector<std::string_view> valid = {
    "",
    "plain",
    "\0with nul\x7f"sv,
    "\xc2\x80",
    "\xdf\xbf",
    "\xe0\xa0\x80",
    "\xec\x80\x80",
    "\xed\x9f\xbf",  // the last one before the surrogates
    "\xee\x80\x80",  // the first one after them
    "\xef\xbf\xbd",
    "\xef\xbf\xbe",  // non-characters are characters to UTF-8
    "\xef\xbf\xbf",
    "\xf0\x90\x80\x80",
    "\xf4\x8f\xbf\xbf",  // the last one
    "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
    "eight ascii bytes \xe2\x82\xac and more of them \xf0\x9f\xa7\xb5 at the end",
};

struct broken {
  std::string_view text;
  std::size_t at;  // the byte that cannot be
};

const std::vector<broken> invalid = {
    {"\x80", 0},  // continues nothing
    {"\xbf", 0},
    {"a\x80", 1},
    {"\xc0\xaf", 0},  // overlong
    {"\xc1\xbf", 0},
    {"\xe0\x80\xaf", 1},
    {"\xe0\x9f\xbf", 1},
    {"\xf0\x80\x80\xaf", 1},
    {"\xf0\x8f\xbf\xbf", 1},
    {"\xf8\x88\x80\x80\x80", 0},  // five bytes, six
    {"\xfc\x84\x80\x80\x80\x80", 0},
    {"\xed\xa0\x80", 1},  // surrogates, alone and in pairs
    {"\xed\xaf\xbf", 1},
    {"\xed\xb0\x80", 1},
    {"\xed\xbf\xbf", 1},
    {"\xed\xa0\x80\xed\xb0\x80", 1},
    {"\xf4\x90\x80\x80", 1},  // past the last character
    {"\xf5\x80\x80\x80", 0},
    {"\xfe", 0},
    {"\xff", 0},
    {"\xc3(", 1},  // cut short by another character
    {"\xe2\x82(", 2},
    {"\xf0\x9f\xa7(", 3},
    {"\xce\xba\xe1\xbd\xb9\xf4\x90\x80\x80 edited", 6},
    {"eight ascii bytes \xff", 18},
};

TEST(utf8, what_is_valid_is_let_through_at_every_cut) {
  for (const std::string_view text : valid) {
    EXPECT_TRUE(is_utf8(text)) << text;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      utf8_checker checker;
      EXPECT_TRUE(checker.add(bytes_of(text.substr(0, cut))));
      EXPECT_TRUE(checker.add(bytes_of(text.substr(cut))));
      EXPECT_TRUE(checker.is_complete()) << text << " cut at " << cut;
    }
  }
}

TEST(utf8, what_is_not_is_refused_at_the_first_byte_that_cannot_be) {
  for (const broken& each : invalid) {
    EXPECT_FALSE(is_utf8(each.text));
    EXPECT_EQ(refused_at(each.text), each.at) << each.text;
  }
}

TEST(utf8, a_text_that_ends_within_a_character_is_not_complete) {
  for (const std::string_view text : valid) {
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
      const bool between = (static_cast<std::uint8_t>(text[cut]) & 0xc0U) != 0x80U;
      EXPECT_EQ(is_utf8(text.substr(0, cut)), between) << text << " cut at " << cut;
    }
  }
}

TEST(utf8, refuses_for_ever_once_it_has_refused) {
  utf8_checker checker;
  EXPECT_FALSE(checker.add(bytes_of("\xff")));
  EXPECT_FALSE(checker.add(bytes_of("fine")));
  EXPECT_FALSE(checker.is_complete());
}

/// Encodes as the table of RFC 3629 says, whatever the number.
std::string encoded(std::uint32_t c) {
  std::string out;
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
  }
  if (c >= 0x80) put(0x80 | (c & 0x3f));
  return out;
}

TEST(utf8, every_number_up_to_the_last_character_is_valid_but_for_surrogates) {
  for (std::uint32_t c = 0; c < 0x1fffff; ++c) {
    const bool is_character = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
    ASSERT_EQ(is_utf8(encoded(c)), is_character) << std::hex << c;
  }
}

}  // namespace
