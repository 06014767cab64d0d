// SPDX-License-Identifier: MIT
// What waits, what goes next, and that nothing tears what is half way out.
#include "websocket/outbox.hpp"

#include "http/websocket/frames.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace heddle::http::detail;
using namespace heddle::test;
constexpr auto within = outbox::place::within_message;
constexpr auto between = outbox::place::between_messages;

/// Takes all that may go out.
std::string taken(outbox& from, outbox::place where, std::size_t piece = 100) {
  std::string all;
  for (auto next = from.front(where); !next.empty(); next = from.front(where)) {
    const auto part = next.first(std::min(piece, next.size()));
    all += text_of(part);
    from.sent(part.size());
  }
  return all;
}

TEST(outbox, keeps_the_newest_pong) {
  outbox box(nullptr);
  EXPECT_FALSE(box.has_work());
  box.post_pong(bytes_of("old"));
  box.post_pong(bytes_of("new"));
  EXPECT_TRUE(box.has_work());
  EXPECT_EQ(taken(box, within), frame(fin | pong, "new"));
  EXPECT_FALSE(box.has_work());
}

TEST(outbox, what_is_half_way_out_goes_first_and_whole) {
  outbox box(nullptr);
  box.post_pong(bytes_of("first"));
  std::string all = text_of(box.front(within).first(3));
  box.sent(3);
  EXPECT_TRUE(box.has_work());
  box.post_pong(bytes_of("second"));
  all += taken(box, within, 2);
  EXPECT_EQ(all, frame(fin | pong, "first") + frame(fin | pong, "second"));
}

TEST(outbox, the_close_frame_waits_for_the_end_of_the_message_and_is_the_last) {
  outbox box(nullptr);
  EXPECT_TRUE(box.post_close("\x03\xe8"));
  EXPECT_FALSE(box.post_close("\x03\xe9"));
  box.post_pong(bytes_of("p"));
  EXPECT_TRUE(box.is_closing());
  EXPECT_EQ(taken(box, within), frame(fin | pong, "p"));
  EXPECT_TRUE(box.has_work());
  EXPECT_FALSE(box.close_is_out());
  EXPECT_EQ(taken(box, between), frame(fin | close_frame, "\x03\xe8"));
  EXPECT_TRUE(box.close_is_out());
  box.post_pong(bytes_of("late"));
  box.post_ping();
  EXPECT_EQ(taken(box, between), "");
  EXPECT_FALSE(box.has_work());
}

TEST(outbox, of_a_client_masks_each_frame_with_a_key_of_its_own) {
  mask_source masks;
  outbox box(&masks);
  box.post_ping();
  const std::string first = taken(box, between);
  box.post_ping();
  const std::string second = taken(box, between);
  EXPECT_EQ(first.substr(0, 2), "\x89\x80");
  EXPECT_EQ(first.size(), 6U);
  EXPECT_NE(first, second);  // the same key twice: once in four billion runs
}

}  // namespace
