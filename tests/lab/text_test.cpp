// SPDX-License-Identifier: MIT
// Numbers and tables as people read them.
#include "text.hpp"

#include <gtest/gtest.h>

namespace lab {
namespace {

TEST(text, numbers_are_grouped_by_thousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(text, milliseconds_have_three_digits_that_count) {
  EXPECT_EQ(milliseconds(0.084), "0.08 ms");
  EXPECT_EQ(milliseconds(51.04), "51.0 ms");
  EXPECT_EQ(milliseconds(478.2), "478 ms");
  EXPECT_EQ(milliseconds(1007.6), "1,008 ms");
  EXPECT_EQ(times(19.76), "19.8x");
  EXPECT_EQ(times(1.9), "1.90x");
}

TEST(text, a_table_lines_up_in_text_and_is_escaped_in_html) {
  const table made{{"loop", "pages"}, {{"a<b", "7 ms"}, {"loop 1", "12,345"}}};
  EXPECT_EQ(as_text(made),
            "  loop      pages\n"
            "  a<b        7 ms\n"
            "  loop 1   12,345\n");
  const std::string html = as_html(made);
  EXPECT_NE(html.find("<th scope=\"row\">a&lt;b</th><td>7&nbsp;ms</td>"), std::string::npos)
      << html;
}

}  // namespace
}  // namespace lab
