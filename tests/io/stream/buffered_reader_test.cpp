// SPDX-License-Identifier: MIT
// Lines and records do not depend on how the bytes were cut, have a limit, and nothing is lost.
#include <heddle/io/buffered_reader.hpp>
#include <heddle/io/error.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>

#include "io/shared_names.hpp"
#include "io/stream/pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::io {
namespace {

using test::pieces;
using ::testing::ElementsAre;

/// What comes out of `from`, line by line; the error that ends it, if one does, is the last.
std::vector<std::string> lines_of(pieces& from, const read_limits& limits = {}) {
  buffered_reader in(from, limits);
  std::vector<std::string> lines;
  std::error_code error;
  while (const auto line = in.read_line(error)) lines.emplace_back(*line);
  if (error) lines.push_back(error.message());
  return lines;
}

std::vector<std::string> records_of(pieces& from, std::string_view delimiter,
                                    const read_limits& limits = {}) {
  buffered_reader in(from, limits);
  std::vector<std::string> records;
  std::error_code error;
  while (const auto record = in.read_until(delimiter, error)) records.emplace_back(*record);
  if (error) records.push_back(error.message());
  return records;
}

TEST(buffered_reader, lines_end_with_lf_or_crlf_and_the_last_one_with_the_stream) {
  pieces from("one\ntwo\r\n\nfour\r five\r\nrest");
  EXPECT_THAT(lines_of(from), ElementsAre("one", "two", "", "four\r five", "rest"));
  pieces whole("one\n");
  EXPECT_THAT(lines_of(whole), ElementsAre("one"));
  pieces nothing("");
  EXPECT_THAT(lines_of(nothing), ElementsAre());
}

TEST(buffered_reader, lines_and_records_are_the_same_wherever_the_bytes_are_cut) {
  const std::string text = "a\r\nbb\n\r\n\r\r\nccc--\n-dd--ee";
  const read_limits tight{.piece_bytes = 3, .line_bytes = 7};
  pieces whole(text);
  const auto lines = lines_of(whole);
  pieces again(text);
  const auto records = records_of(again, "--");
  ASSERT_THAT(records,
              ElementsAre("a\r\nbb\n\r\n\r\r\nccc", "\n-dd", "The stream ended too early"));
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    pieces in_two(text, {cut});
    EXPECT_EQ(lines_of(in_two), lines) << "cut at " << cut;
    pieces once_more(text, {cut});
    EXPECT_EQ(records_of(once_more, "--"), records) << "cut at " << cut;
    pieces with_limits(text, {cut});
    EXPECT_EQ(lines_of(with_limits, tight), lines) << "cut at " << cut;
  }
  pieces single = pieces::single(text);
  EXPECT_EQ(lines_of(single), lines);
  pieces single_again = pieces::single(text);
  EXPECT_EQ(records_of(single_again, "--"), records);
}

TEST(buffered_reader, a_line_of_the_limit_passes_and_a_longer_one_does_not_however_it_is_cut) {
  for (const std::size_t limit : {1U, 7U, 600U, 5000U}) {
    const read_limits limits{.piece_bytes = 512, .line_bytes = limit};
    for (const std::string_view end : {"\n", "\r\n", ""}) {
      for (const std::size_t longer : {0U, 1U, 2U}) {
        const std::string line(limit + longer, 'x');
        const std::string text = line + std::string(end);
        const std::string expected = longer == 0 ? line : "Line too long";
        pieces whole(text);
        EXPECT_THAT(lines_of(whole, limits), ElementsAre(expected)) << limit << "+" << longer;
        pieces single = pieces::single(text);
        EXPECT_THAT(lines_of(single, limits), ElementsAre(expected)) << limit << "+" << longer;
        pieces records(line + "--");
        EXPECT_THAT(records_of(records, "--", limits), ElementsAre(expected));
      }
    }
  }
}

TEST(buffered_reader, a_line_without_an_end_is_refused_when_the_limit_is_reached) {
  pieces from(std::string(1 << 20, 'x'));
  EXPECT_THAT(lines_of(from, {.piece_bytes = 1024, .line_bytes = 4096}),
              ElementsAre("Line too long"));
  EXPECT_LE(from.reads(), 6);  // not to the end
}

TEST(buffered_reader, what_was_too_long_is_still_there) {
  pieces from("12345678\nrest");
  buffered_reader in(from, {.line_bytes = 4});
  std::error_code error;
  EXPECT_EQ(in.read_line(error), std::nullopt);
  EXPECT_EQ(error, io_errc::line_too_long);
  std::string nine(9, '\0');
  in.read_exactly(test::room_in(nine));
  EXPECT_EQ(nine, "12345678\n");
  EXPECT_EQ(in.read_line(error), "rest");
}

TEST(buffered_reader, bytes_and_lines_may_take_turns) {
  pieces from = pieces::single("12\nabcdef\r\nlast");
  buffered_reader in(from);
  EXPECT_EQ(in.read_line(), "12");
  std::string body(6, '\0');
  in.read_exactly(test::room_in(body));
  EXPECT_EQ(body, "abcdef");
  EXPECT_EQ(in.read_line(), "");
  EXPECT_EQ(in.read_all(4), "last");
  EXPECT_EQ(in.read_line(), std::nullopt);
}

TEST(buffered_reader, a_large_read_goes_past_the_buffer) {
  pieces from("line\n" + std::string(100'000, 'x'));
  buffered_reader in(from, {.piece_bytes = 1024});
  EXPECT_EQ(in.read_line(), "line");
  std::string body(100'000, '\0');
  in.read_exactly(test::room_in(body));
  EXPECT_EQ(body, std::string(100'000, 'x'));
  EXPECT_LE(from.reads(), 3);
}

TEST(buffered_reader, says_when_there_is_too_little_or_too_much) {
  pieces little("123");
  buffered_reader in(little);
  std::string four(4, '\0');
  std::error_code error;
  EXPECT_EQ(in.read_exactly(test::room_in(four), error), 3U);
  EXPECT_EQ(error, io_errc::unexpected_end);

  pieces much("12345");
  buffered_reader all(much);
  EXPECT_THROW(static_cast<void>(all.read_all(4)), io_error);
}

TEST(buffered_reader, an_error_of_the_stream_comes_after_the_lines_before_it) {
  pieces from("one\ntwo");
  from.fail_at_the_end(std::make_error_code(std::errc::connection_reset));
  buffered_reader in(from);
  EXPECT_EQ(in.read_line(), "one");
  std::error_code error;
  EXPECT_EQ(in.read_line(error), std::nullopt);
  EXPECT_EQ(error, std::errc::connection_reset);
  EXPECT_EQ(in.buffered().size(), 3U);
}

TEST(buffered_reader, names_a_limit_that_cannot_be) {
  pieces from("");
  try {
    buffered_reader in(from, {.piece_bytes = 0});
    FAIL() << "0 bytes were accepted";
  } catch (const std::invalid_argument& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("read_limits::piece_bytes is 0"));
  }
  buffered_reader in(from);
  EXPECT_THROW(static_cast<void>(in.read_until("")), std::invalid_argument);
}

TEST(buffered_reader, a_line_that_was_cancelled_is_read_later_with_nothing_lost) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    buffered_reader in(both.near);
    both.far.write_all(test::bytes("half a "));
    const auto none = move_on_after(1ms, [&] { return in.read_line().has_value(); });
    EXPECT_FALSE(none);
    both.far.write_all(test::bytes("line\n"));
    EXPECT_EQ(in.read_line(), "half a line");
  });
}

TEST(buffered_reader, names_the_peer_and_what_it_did) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    buffered_reader in(both.near, {.line_bytes = 3});
    both.far.write_all(test::bytes("too long\n"));
    try {
      static_cast<void>(in.read_line());
      FAIL() << "a line of 8 bytes was read";
    } catch (const io_error& refused) {
      EXPECT_EQ(refused.where(), both.near.peer_endpoint());
      EXPECT_THAT(refused.what(), HasSubstr("read a line from 127.0.0.1:"));
      EXPECT_THAT(refused.what(), HasSubstr("Line too long"));
    }
  });
}

}  // namespace
}  // namespace heddle::io
