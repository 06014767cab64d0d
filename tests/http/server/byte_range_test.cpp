// SPDX-License-Identifier: MIT
// Range fields, as clients and attackers write them.
#include "server/byte_range.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace heddle::http::detail {
namespace {

TEST(byte_range, is_read_or_ignored) {
  using kind = byte_range::kind;
  struct range_case {
    std::string_view field;
    kind what;
    std::uint64_t first;
    std::uint64_t end;
  };
  const std::vector<range_case> table = {
      {"bytes=0-0", kind::part, 0, 1},
      {"bytes=0-9", kind::part, 0, 10},
      {"bytes=2-5", kind::part, 2, 6},
      {"bytes=2-", kind::part, 2, 10},
      {"bytes=-3", kind::part, 7, 10},
      {"bytes=-99", kind::part, 0, 10},
      {"bytes=9-99", kind::part, 9, 10},
      {"BYTES= 1-2 ", kind::part, 1, 3},
      {"bytes=0-18446744073709551615", kind::part, 0, 10},
      {"bytes=10-", kind::nothing, 0, 0},
      {"bytes=10-20", kind::nothing, 0, 0},
      {"bytes=-0", kind::nothing, 0, 0},
      {"bytes=5-2", kind::whole, 0, 10},
      {"bytes=0-1,3-4", kind::whole, 0, 10},
      {"bytes=", kind::whole, 0, 10},
      {"bytes=-", kind::whole, 0, 10},
      {"bytes=a-b", kind::whole, 0, 10},
      {"bytes=1 - 2", kind::whole, 0, 10},
      {"bytes=--2", kind::whole, 0, 10},
      {"bytes=1--2", kind::whole, 0, 10},
      {"bytes=+1-2", kind::whole, 0, 10},
      {"items=0-1", kind::whole, 0, 10},
      {"0-1", kind::whole, 0, 10},
      {"bytes=18446744073709551616-", kind::whole, 0, 10},
      {"", kind::whole, 0, 10},
  };
  for (const range_case& each : table) {
    const byte_range got = range_of(each.field, 10);
    EXPECT_EQ(got.what, each.what) << each.field;
    EXPECT_EQ(got.first, each.first) << each.field;
    EXPECT_EQ(got.end, each.end) << each.field;
  }
}

TEST(byte_range, of_something_empty_is_nothing) {
  EXPECT_EQ(range_of("bytes=0-", 0).what, byte_range::kind::nothing);
  EXPECT_EQ(range_of("bytes=-1", 0).what, byte_range::kind::nothing);
}

}  // namespace
}  // namespace heddle::http::detail
