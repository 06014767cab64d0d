// SPDX-License-Identifier: MIT
// Heads of requests, good and bad, whole and cut at every byte: the scanner, the parser and the
// framing one after another, as a server uses them.
#include "http/message/ambiguous.hpp"
#include "http/message/cuts.hpp"
#include "message/framing.hpp"
#include "message/head_scanner.hpp"
#include "message/parse_head.hpp"
#include "message/target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace heddle::http::detail;
using heddle::http::field_view;
using namespace heddle::test;

/// What became of a head: its status (200: taken), and if taken, what it says.
struct outcome {
  int status = 200;
  std::size_t head_bytes = 0;
  body_kind kind = body_kind::none;
  std::uint64_t bytes = 0;
  after_message then = after_message::keep;

  friend bool operator==(const outcome&, const outcome&) = default;
  friend std::ostream& operator<<(std::ostream& out, const outcome& each) {
    return out << each.status << ", head " << each.head_bytes << ", body "
               << static_cast<int>(each.kind) << " of " << each.bytes << ", then "
               << static_cast<int>(each.then);
  }
};

outcome judge(std::string_view head, std::size_t bytes) {
  request_head request;
  target_parts parts;
  framing framed;
  if (const refusal refused = parse_head(head, request)) return {.status = refused.status};
  if (const refusal refused = frame(request, framed)) return {.status = refused.status};
  if (const refusal refused = split_target(request, parts)) return {.status = refused.status};
  return {200, bytes, framed.kind, framed.bytes, framed.then};
}

bool same_views(const field_view& a, const field_view& b) {
  return a.name.data() == b.name.data() && a.name == b.name && a.value == b.value &&
         (a.value.empty() || a.value.data() == b.value.data());
}

/// What is read at once must be what the scanner, which has found `bytes`, and the parser take.
void expect_the_same_at_once(std::string_view text, const head_limits& limits, std::size_t bytes) {
  request_head there;
  const bool taken = bytes != 0 && !parse_head(text.substr(0, bytes), there);
  request_head here;
  ASSERT_EQ(parse_whole_head(text, limits, here), taken ? bytes : 0) << text;
  if (!taken) return;
  EXPECT_EQ(here.method, there.method);
  EXPECT_EQ(here.target, there.target);
  EXPECT_EQ(here.spoken, there.spoken);
  EXPECT_TRUE(std::equal(here.fields.begin(), here.fields.end(), there.fields.begin(),
                         there.fields.end(), same_views))
      << text;
}

/// nullopt: the head has not ended.
std::optional<outcome> read_in_pieces(std::string_view text, const cut& pieces,
                                      const head_limits& limits = {}) {
  head_scanner scanner(limits);
  std::string held;
  std::size_t at = 0;
  for (const std::size_t piece : pieces) {
    held += text.substr(at, piece);
    at += piece;
    refusal refused;
    const std::size_t bytes = scanner.scan(held, refused);
    expect_the_same_at_once(held, limits, bytes);
    if (refused) return outcome{.status = refused.status};
    if (bytes != 0) return judge(std::string_view(held).substr(0, bytes), bytes);
  }
  return std::nullopt;
}

std::optional<outcome> read_whole(std::string_view text, const head_limits& limits = {}) {
  return read_in_pieces(text, {text.size()}, limits);
}

TEST(heads, what_can_be_read_in_two_ways_is_refused_however_it_is_cut) {
  for (const fields_case& each : ambiguous_fields) {
    const std::string text = request_with(each.fields);
    for (const cut& pieces : cuts_of(text.size())) {
      const auto got = read_in_pieces(text, pieces);
      ASSERT_TRUE(got) << each.fields;
      ASSERT_EQ(got->status, each.status) << each.fields;
    }
  }
}

TEST(heads, a_coding_in_a_request_of_1_0_is_refused) {
  const auto got = read_whole("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(got->status, 400);
}

TEST(heads, request_lines_are_taken_or_refused) {
  for (const line_case& each : request_lines) {
    for (const cut& pieces : cuts_of(each.text.size())) {
      const auto got = read_in_pieces(each.text, pieces);
      ASSERT_TRUE(got) << each.text;
      ASSERT_EQ(got->status, each.status) << each.text;
    }
  }
}

TEST(heads, framing_says_what_follows) {
  struct framing_case {
    std::string_view text;
    body_kind kind;
    std::uint64_t bytes;
    after_message then;
  };
  constexpr auto keep = after_message::keep;
  constexpr auto close = after_message::close;
  const std::vector<framing_case> table = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", body_kind::none, 0, keep},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", body_kind::none, 0, close},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: x, CLOSE\r\n\r\n", body_kind::none, 0, close},
      {"GET / HTTP/1.0\r\n\r\n", body_kind::none, 0, close},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", body_kind::none, 0, keep},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", body_kind::none, 0, close},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", body_kind::none, 0, keep},
      {"PUT / HTTP/1.1\r\nHost: h\r\ncontent-LENGTH:12\r\n\r\n", body_kind::sized, 12, keep},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \t 012 \r\n\r\n", body_kind::sized, 12, keep},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999999999\r\n\r\n", body_kind::sized,
       999999999999999999U, keep},
      {"PUT / HTTP/1.1\r\nHost: h\r\ntransfer-encoding: CHUNKED\r\n\r\n", body_kind::chunked, 0,
       keep},
  };
  for (const framing_case& each : table) {
    const outcome expected{200, each.text.size(), each.kind, each.bytes, each.then};
    for (const cut& pieces : cuts_of(each.text.size())) {
      const auto got = read_in_pieces(each.text, pieces);
      ASSERT_TRUE(got) << each.text;
      ASSERT_EQ(*got, expected) << each.text;
    }
  }
}

TEST(heads, end_where_the_empty_line_ends_whatever_follows) {
  const std::string one = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const auto got = read_whole(one + one + "garbage");
  EXPECT_EQ(got->head_bytes, one.size());
}

TEST(heads, an_unfinished_head_is_neither_taken_nor_refused) {
  const std::string_view text = "GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";
  for (std::size_t bytes = 1; bytes < text.size(); ++bytes) {
    EXPECT_EQ(read_whole(text.substr(0, bytes)), std::nullopt) << bytes;
  }
}

std::string line_of(std::size_t bytes) {
  const std::string_view around = "GET / HTTP/1.1";
  return "GET /" + std::string(bytes - around.size(), 'a') + " HTTP/1.1";
}

TEST(heads, a_request_line_may_be_as_long_as_the_limit_and_no_longer) {
  const head_limits limits{.start_line_bytes = 100};
  const std::string rest = "\r\nHost: h\r\n\r\n";
  for (const auto& [bytes, status] :
       std::vector<std::pair<std::size_t, int>>{{99, 200}, {100, 200}, {101, 414}, {500, 414}}) {
    const std::string text = line_of(bytes) + rest;
    for (const cut& pieces : cuts_of(text.size())) {
      EXPECT_EQ(read_in_pieces(text, pieces, limits)->status, status) << bytes;
    }
  }
  EXPECT_EQ(read_whole(line_of(101), limits)->status, 414) << "refused before its end has come";
}

TEST(heads, all_fields_may_be_as_large_as_the_limit_and_no_larger) {
  const head_limits limits{.field_bytes = 60};
  const std::string first = "GET / HTTP/1.1\r\nHost: h\r\n";  // 9 bytes of fields
  for (const auto& [bytes, status] : std::vector<std::pair<std::size_t, int>>{
           {59, 200}, {60, 200}, {61, 431}, {62, 431}, {63, 431}, {200, 431}}) {
    const std::string lines = first + "X: " + std::string(bytes - 9 - 5, 'y') + "\r\n";
    const std::string text = lines + "\r\n";
    const std::string folded = lines + " y\r\n\r\n";
    for (const cut& pieces : cuts_of(text.size())) {
      EXPECT_EQ(read_in_pieces(text, pieces, limits)->status, status) << bytes;
    }
    for (const cut& pieces : cuts_of(folded.size())) {
      EXPECT_EQ(read_in_pieces(folded, pieces, limits)->status, status == 200 ? 400 : 431) << bytes;
    }
  }
}

TEST(heads, there_may_be_as_many_fields_as_the_limit_and_no_more) {
  const head_limits limits{.fields = 3};
  std::string text = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n";
  EXPECT_EQ(read_whole(text + "\r\n", limits)->status, 200);
  EXPECT_EQ(read_whole(text + "C: 3\r\n\r\n", limits)->status, 431);
}

TEST(heads, the_parts_of_a_target_are_told_apart) {
  struct target_case {
    std::string_view target;
    std::string_view authority;
    std::string_view path;
    std::string_view query;
  };
  const std::vector<target_case> table = {
      {"/", "", "/", ""},
      {"/a/b?c=d", "", "/a/b", "c=d"},
      {"/?", "", "/", ""},
      {"/a?b?c", "", "/a", "b?c"},
      {"http://h:1/x?y", "h:1", "/x", "y"},
      {"http://h", "h", "/", ""},
      {"http://h?q", "h", "/", "q"},
      {"//x/y", "", "//x/y", ""},
  };
  for (const target_case& each : table) {
    request_head request;
    request.method = "GET";
    request.target = each.target;
    target_parts parts;
    EXPECT_FALSE(split_target(request, parts)) << each.target;
    EXPECT_EQ(parts.authority, each.authority) << each.target;
    EXPECT_EQ(parts.path, each.path) << each.target;
    EXPECT_EQ(parts.query, each.query) << each.target;
  }
}

TEST(heads, escapes_are_decoded_once_and_malformed_ones_refused) {
  const auto decoded = [](std::string_view text, plus_sign plus) -> std::optional<std::string> {
    std::string storage;
    std::string_view into;
    if (!decode(text, plus, storage, into)) return std::nullopt;
    return std::string(into);
  };
  EXPECT_EQ(decoded("plain", plus_sign::itself), "plain");
  EXPECT_EQ(decoded("a%20b+c", plus_sign::itself), "a b+c");
  EXPECT_EQ(decoded("a%20b+c", plus_sign::space), "a b c");
  EXPECT_EQ(decoded("%2e%2E%2f", plus_sign::itself), "../");
  EXPECT_EQ(decoded("%252e", plus_sign::itself), "%2e");
  EXPECT_EQ(decoded("%c3%a4", plus_sign::itself), "\xc3\xa4");
  for (const std::string_view bad : {"%", "%2", "%2g", "%g2", "a%", "%%20", "%-1", "% 2"}) {
    EXPECT_EQ(decoded(bad, plus_sign::itself), std::nullopt) << bad;
  }
}

}  // namespace
