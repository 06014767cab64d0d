// SPDX-License-Identifier: MIT
// What leaves when, and in which pieces, at times that the test makes up.
#include "proxy/shaper.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle::testing::detail {
namespace {

using std::chrono::milliseconds;

constexpr clock::time_point start{std::chrono::hours{1}};
constexpr std::size_t capacity = 1000;

void arrive(backlog& at, std::size_t size, clock::time_point when) {
  at.add(std::vector<std::byte>(size), when);
}

/// Lets everything leave that may leave now. Returns the pieces.
std::vector<std::size_t> leave(shaper& shape, const direction_plan& plan, backlog& from,
                               clock::time_point now) {
  std::vector<std::size_t> pieces;
  for (;;) {
    const shaper::step step = shape.next(plan, from, now);
    if (step.what != shaper::action::forward) return pieces;
    pieces.push_back(step.bytes);
    from.remove(step.bytes);
    shape.left(plan, step.bytes, now);
  }
}

using sizes = std::vector<std::size_t>;

TEST(shaper, lets_each_arrival_go_its_own_delay_later) {
  const direction_plan plan{.delay = milliseconds{10}};
  shaper shape(1);
  backlog from(capacity);
  arrive(from, 5, start);
  arrive(from, 7, start + milliseconds{4});
  EXPECT_EQ(shape.next(plan, from, start).until, deadline(start + milliseconds{10}));
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{9}), sizes{});
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{10}), sizes{5});
  EXPECT_EQ(shape.next(plan, from, start + milliseconds{10}).until,
            deadline(start + milliseconds{14}));
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{14}), sizes{7});
  EXPECT_TRUE(shape.next(plan, from, start).until.is_never());
}

TEST(shaper, cuts_at_multiples_and_at_given_offsets_however_the_bytes_came) {
  const direction_plan plan{.piece_bytes = 10, .split_at = {3, 25}};
  for (const sizes& arrivals : {sizes{32}, sizes{1, 31}, sizes{10, 10, 12}}) {
    shaper shape(1);
    backlog from(capacity);
    for (const std::size_t each : arrivals) arrive(from, each, start);
    EXPECT_EQ(leave(shape, plan, from, start), (sizes{3, 7, 10, 5, 5, 2}));
  }
}

TEST(shaper, cuts_at_random_by_its_salt_alone) {
  const direction_plan plan{.mean_piece_bytes = 20};
  const auto pieces = [&plan](std::uint64_t salt, bool at_once) {
    shaper shape(salt);
    backlog from(capacity);
    sizes offsets;
    std::size_t offset = 0;
    for (int part = 1; part <= 10; ++part) {
      arrive(from, 100, start);
      if (at_once && part < 10) continue;
      for (const std::size_t each : leave(shape, plan, from, start)) {
        offset += each;
        if (offset % 100 != 0) offsets.push_back(offset);  // there an arrival may end
      }
    }
    return offsets;
  };
  const sizes cuts = pieces(1, true);
  EXPECT_EQ(cuts, pieces(1, false));
  EXPECT_NE(cuts, pieces(2, true));
  EXPECT_GT(cuts.size(), 25U);
  EXPECT_LT(cuts.size(), 90U);
}

TEST(shaper, keeps_a_rate_and_lets_an_idle_direction_make_up_for_little) {
  const direction_plan plan{.bytes_per_second = 1000};  // a piece is 10 bytes, which are 10 ms
  shaper shape(1);
  backlog from(capacity);
  arrive(from, 1000, start);
  std::size_t sent = 0;
  for (int time = 0; time < 500; ++time) {
    const auto pieces = leave(shape, plan, from, start + milliseconds{time});
    for (const std::size_t each : pieces) {
      EXPECT_LE(each, 10U);
      sent += each;
    }
    EXPECT_LE(sent, static_cast<std::size_t>(time) + 20U);
    EXPECT_GE(sent, static_cast<std::size_t>(time));
  }
}

TEST(shaper, pauses_between_pieces) {
  const direction_plan plan{.pause = milliseconds{5}, .piece_bytes = 2};
  shaper shape(1);
  backlog from(capacity);
  arrive(from, 4, start);
  EXPECT_EQ(leave(shape, plan, from, start), sizes{2});
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{4}), sizes{});
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{5}), sizes{2});
}

TEST(shaper, merges_until_there_is_enough_or_it_has_waited_or_nothing_more_comes) {
  const direction_plan plan{.merge_bytes = 10, .merge_for = milliseconds{50}};
  shaper shape(1);
  backlog from(capacity);
  arrive(from, 4, start);
  EXPECT_EQ(leave(shape, plan, from, start), sizes{});
  EXPECT_EQ(shape.next(plan, from, start).until, deadline(start + milliseconds{50}));
  arrive(from, 7, start);
  EXPECT_EQ(leave(shape, plan, from, start), sizes{11});
  arrive(from, 3, start);
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{49}), sizes{});
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{50}), sizes{3});
  arrive(from, 2, start + milliseconds{60});
  from.end();
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{60}), sizes{2});
}

TEST(shaper, merges_what_the_delay_has_let_through_and_no_more) {
  const direction_plan plan{.delay = milliseconds{10}, .merge_bytes = 10};
  shaper shape(1);
  backlog from(capacity);
  arrive(from, 6, start);
  arrive(from, 6, start + milliseconds{5});
  from.end();
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{10}), sizes{});
  EXPECT_EQ(shape.next(plan, from, start + milliseconds{10}).until,
            deadline(start + milliseconds{15}));
  EXPECT_EQ(leave(shape, plan, from, start + milliseconds{15}), sizes{12});
}

TEST(shaper, ends_exactly_at_its_limit) {
  const direction_plan plan{.limit = byte_limit{7, proxy_ending::reset}};
  shaper shape(1);
  backlog from(capacity);
  arrive(from, 5, start);
  EXPECT_EQ(leave(shape, plan, from, start), sizes{5});
  EXPECT_EQ(shape.next(plan, from, start).what, shaper::action::wait);
  arrive(from, 5, start);
  EXPECT_EQ(leave(shape, plan, from, start), sizes{2});
  EXPECT_EQ(shape.next(plan, from, start).what, shaper::action::end);
  EXPECT_EQ(shape.next(plan, from, start).ending, proxy_ending::reset);
}

TEST(shaper, drops_up_to_its_limit_and_counts_what_was_dropped) {
  const direction_plan plan{.limit = byte_limit{7, proxy_ending::close}, .flow = byte_flow::drop};
  shaper shape(1);
  backlog from(capacity);
  arrive(from, 10, start);
  const shaper::step step = shape.next(plan, from, start);
  EXPECT_EQ(step.what, shaper::action::discard);
  EXPECT_EQ(step.bytes, 7U);
  from.remove(step.bytes);
  shape.skipped(step.bytes);
  EXPECT_EQ(shape.next(plan, from, start).what, shaper::action::end);
}

TEST(shaper, corrupts_a_byte_alike_in_whatever_piece_it_is) {
  const direction_plan plan{.corrupt_at = {3, 9}, .corrupt_every = 5};
  std::vector<std::byte> whole(15);
  EXPECT_EQ(shaper(1).corrupt(plan, whole), 4U);  // 3, 4, 9 once, 14
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const bool chosen = at == 3 || at % 5 == 4;
    EXPECT_EQ(whole[at] != std::byte{0}, chosen) << at;
  }
  shaper shape(1);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::vector<std::byte> one(1);
    shape.corrupt(plan, one);
    shape.left(plan, 1, start);
    EXPECT_EQ(one[0], whole[at]) << at;
  }
}

TEST(backlog, has_room_for_so_many_bytes_and_so_many_arrivals) {
  backlog few(10);
  arrive(few, 10, start);
  EXPECT_EQ(few.room(), 0U);
  few.remove(4);
  EXPECT_EQ(few.room(), 4U);
  backlog many(100'000);
  for (std::size_t count = 0; count < backlog::most_arrivals; ++count) arrive(many, 1, start);
  EXPECT_EQ(many.room(), 0U);
  many.remove(1);
  EXPECT_EQ(many.room(), 100'000 - backlog::most_arrivals + 1);
}

TEST(backlog, keeps_bytes_in_order_while_they_come_and_go) {
  backlog both(64);
  unsigned in = 0;
  unsigned out = 0;
  for (unsigned round = 0; round < 1000; ++round) {
    std::vector<std::byte> more(std::min<std::size_t>(both.room(), 1 + round % 13));
    for (std::byte& each : more) each = static_cast<std::byte>(in++);
    if (!more.empty()) both.add(more, start);
    const std::size_t take = std::min<std::size_t>(both.size(), 1 + round % 11);
    for (const std::byte each : both.bytes().first(take)) {
      ASSERT_EQ(each, static_cast<std::byte>(out++));
    }
    both.remove(take);
  }
}

}  // namespace
}  // namespace heddle::testing::detail
