// SPDX-License-Identifier: MIT
// What a message that is made may hold, and what it may not.
#include <heddle/http/fields.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using heddle::http::field_view;
using heddle::http::fields;

TEST(fields, keep_the_order_in_which_they_were_added) {
  fields some;
  some.add("A", "1");
  some.add("b", "2");
  some.add("A", "3");
  EXPECT_EQ(some.text(), "A: 1\r\nb: 2\r\nA: 3\r\n");
  EXPECT_EQ(some.size(), 3U);
}

TEST(fields, are_found_whatever_the_case_of_the_name) {
  fields some;
  some.add("Content-Type", "text/plain");
  EXPECT_EQ(some.get("content-TYPE"), "text/plain");
  EXPECT_EQ(some.get("content"), std::nullopt);
}

TEST(fields, set_takes_the_place_of_all_of_the_name) {
  fields some;
  some.add("a", "1");
  some.add("b", "2");
  some.add("A", "3");
  some.set("a", "longer than before");
  EXPECT_EQ(some.text(), "a: longer than before\r\nb: 2\r\n");
  some.set("c", "");
  EXPECT_EQ(some.text(), "a: longer than before\r\nb: 2\r\nc: \r\n");
  EXPECT_EQ(some.get("c"), "");
}

TEST(fields, a_value_may_hold_what_separates_names_from_values) {
  fields some;
  some.add("a", "x: y: z");
  EXPECT_EQ(some.get("a"), "x: y: z");
  EXPECT_EQ(some.get("x"), std::nullopt);
}

TEST(fields, remove_takes_all_of_the_name_and_no_other) {
  fields some;
  some.add("a", "1");
  some.add("ab", "2");
  some.add("A", "3");
  some.remove("a");
  EXPECT_EQ(some.text(), "ab: 2\r\n");
  some.remove("nobody");
  EXPECT_EQ(some.size(), 1U);
}

TEST(fields, are_visited_in_order) {
  fields some;
  some.add("a", "1");
  some.add("b", "");
  std::string seen;
  some.for_each([&](const field_view& each) {
    seen.append(each.name).append("=").append(each.value).append(";");
  });
  EXPECT_EQ(seen, "a=1;b=;");
}

TEST(fields, refuse_names_and_values_that_would_change_the_message) {
  using namespace std::string_view_literals;
  struct bad {
    std::string_view name;
    std::string_view value;
  };
  const std::vector<bad> table = {
      {"", "x"},     {"a b", "x"},      {"a:", "x"},     {"a\r\nb", "x"},
      {"a\n", "x"},  {"\xc3\xa4", "x"}, {"a\0"sv, "x"},  {"a", "x\r\nSet-Cookie: y"},
      {"a", "x\ny"}, {"a", "x\ry"},     {"a", "x\0y"sv}, {"a", "\x01"},
      {"a", "\x7f"}, {"a", " x"},       {"a", "x "},     {"a", "x\t"},
  };
  for (const bad& each : table) {
    fields some;
    some.add("kept", "1");
    EXPECT_THROW(some.set(each.name, each.value), std::invalid_argument);
    EXPECT_THROW(some.add(each.name, each.value), std::invalid_argument);
    EXPECT_EQ(some.text(), "kept: 1\r\n");
  }
}

TEST(fields, may_be_added_out_of_themselves) {
  const std::string value(100, 'x');
  fields some;
  some.add("a", value);
  for (int n = 0; n < 9; ++n) some.add("b", *some.get("a"));
  some.set("c", *some.get("b"));
  EXPECT_EQ(some.get("c"), value);
  some.for_each([&](const field_view& each) { EXPECT_EQ(each.value, value); });
}

TEST(fields, the_refusal_names_the_field) {
  fields some;
  try {
    some.set("X-Name", "a\nb");
    FAIL();
  } catch (const std::invalid_argument& refused) {
    EXPECT_NE(std::string(refused.what()).find("'X-Name'"), std::string::npos);
  }
}

TEST(fields, values_may_have_tabs_inside_and_bytes_above_127) {
  fields some;
  some.set("a", "x\ty \xc3\xa4");
  EXPECT_EQ(some.get("a"), "x\ty \xc3\xa4");
}

}  // namespace
