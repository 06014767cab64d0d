// SPDX-License-Identifier: MIT
// What the cache forgets, and when.
#include "dns/answer_cache.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace heddle::io::detail {
namespace {

using namespace std::chrono_literals;

const clock::time_point start{};

shared_result some() { return std::make_shared<const lookup_result>(); }

TEST(answer_cache, gives_out_what_holds_and_nothing_later) {
  answer_cache cache(10);
  const shared_result one = some();
  cache.put("a", one, start + 10s);
  EXPECT_EQ(cache.find("a", start + 9s), one);
  EXPECT_EQ(cache.find("b", start), nullptr);
  EXPECT_EQ(cache.find("a", start + 10s), nullptr);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(answer_cache, forgets_what_was_not_asked_for_for_longest) {
  answer_cache cache(2);
  cache.put("a", some(), start + 10s);
  cache.put("b", some(), start + 10s);
  EXPECT_NE(cache.find("a", start), nullptr);
  cache.put("c", some(), start + 10s);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_NE(cache.find("a", start), nullptr);
  EXPECT_EQ(cache.find("b", start), nullptr);
}

TEST(answer_cache, keeps_the_newest_of_a_name) {
  answer_cache cache(2);
  const shared_result newer = some();
  cache.put("a", some(), start + 1s);
  cache.put("a", newer, start + 10s);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.find("a", start + 5s), newer);
  cache.clear();
  EXPECT_EQ(cache.find("a", start), nullptr);
}

TEST(answer_cache, of_no_entries_keeps_none) {
  answer_cache cache(0);
  cache.put("a", some(), start + 1s);
  EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace heddle::io::detail
