// SPDX-License-Identifier: MIT
// Foreign text in messages: one line, bounded, readable.
#include "base/one_line.hpp"

#include <gtest/gtest.h>

using heddle::detail::one_line;

TEST(one_line, plain_text_and_utf8_are_kept) {
  EXPECT_EQ(one_line(""), "");
  EXPECT_EQ(one_line("gr\xc3\xbc\xc3\x9f dich"), "gr\xc3\xbc\xc3\x9f dich");
}

TEST(one_line, runs_of_control_characters_become_a_space) {
  EXPECT_EQ(one_line("a\r\n\tb\x7f"
                     "c"),
            "a b c");
  EXPECT_EQ(one_line(std::string_view("a\0b", 3)), "a b");
}

TEST(one_line, long_text_is_cut_between_characters) {
  EXPECT_EQ(one_line("abcdef", 6), "abcdef");
  EXPECT_EQ(one_line("abcdef", 5), "abcde...");
  EXPECT_EQ(one_line("ab\xc3\xbc"
                     "d",
                     3),
            "ab...")
      << "half of a character is worse than none";
  EXPECT_EQ(one_line("\x80\x80\x80", 2), "...") << "not UTF-8: nothing to cut between";
}
