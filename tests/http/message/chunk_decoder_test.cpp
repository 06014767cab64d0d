// SPDX-License-Identifier: MIT
// Chunked bodies, good and bad, whole and cut at every byte.
#include "message/chunk_decoder.hpp"
#include "http/message/ambiguous.hpp"
#include "http/message/cuts.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace heddle::http::detail;
using namespace std::string_view_literals;
using heddle::test::cut;
using heddle::test::cuts_of;

struct outcome {
  int status = 0;  // 0: more is needed; 200: done
  std::string body;
  std::string trailer;
  std::size_t taken = 0;
};

outcome decode(std::string_view text, const cut& pieces, const chunk_limits& limits = {}) {
  chunk_decoder decoder(limits);
  outcome made;
  std::size_t at = 0;
  for (const std::size_t piece : pieces) {
    std::string held(text.substr(at, piece));  // of exactly its size, so that ASAN guards its end
    at += piece;
    for (std::string_view rest = held; !rest.empty() && !decoder.done();) {
      const auto step = decoder.decode(rest);
      made.body += step.data;
      made.taken += step.taken;
      rest.remove_prefix(step.taken);
      if (step.refused) {
        made.status = step.refused.status;
        return made;
      }
    }
  }
  if (!decoder.done()) return made;
  made.status = 200;
  for (const auto& each : decoder.trailer()) {
    made.trailer.append(each.name).append("=").append(each.value).append(";");
  }
  return made;
}

outcome decode(std::string_view text, const chunk_limits& limits = {}) {
  return decode(text, {text.size()}, limits);
}

TEST(chunk_decoder, gives_the_body_however_it_was_cut) {
  const std::string_view text =
      "5\r\nhello\r\n1;a=b;c=\"d\"\r\n \r\n0006\r\nworld!\r\nA\r\n0123456789\r\n0\r\n\r\nNEXT";
  for (const cut& pieces : cuts_of(text.size())) {
    const outcome got = decode(text, pieces);
    ASSERT_EQ(got.status, 200);
    ASSERT_EQ(got.body, "hello world!0123456789");
    ASSERT_EQ(got.taken, text.size() - 4) << "what follows is not the body's";
  }
}

TEST(chunk_decoder, gives_the_trailer_without_what_must_not_be_there) {
  const std::string_view text =
      "1\r\nx\r\n0\r\nExpires: never\r\nContent-Length: 5\r\nHost: evil\r\n"
      "Authorization: me\r\nX-Sum: 1 2\r\n\r\n";
  for (const cut& pieces : cuts_of(text.size())) {
    const outcome got = decode(text, pieces);
    ASSERT_EQ(got.status, 200);
    ASSERT_EQ(got.trailer, "Expires=never;X-Sum=1 2;");
    ASSERT_EQ(got.taken, text.size());
  }
}

TEST(chunk_decoder, an_unfinished_body_is_neither_done_nor_refused) {
  const std::string_view text = "2;x\r\nab\r\n0\r\nT: u\r\n\r\n";
  for (std::size_t bytes = 1; bytes < text.size(); ++bytes) {
    EXPECT_EQ(decode(text.substr(0, bytes)).status, 0) << bytes;
  }
}

TEST(chunk_decoder, malformed_bodies_are_refused_however_they_are_cut) {
  for (const std::string_view each : heddle::test::malformed_chunks) {
    for (const cut& pieces : cuts_of(each.size())) {
      ASSERT_EQ(decode(each, pieces).status, 400) << each;
    }
  }
}

TEST(chunk_decoder, a_size_may_have_sixteen_digits) {
  const outcome got = decode("0000000000000003\r\nabc\r\n0000000000000000\r\n\r\n");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "abc");
}

TEST(chunk_decoder, limits_hold_to_the_byte) {
  const auto with_line = [](std::size_t bytes) {
    return "1;" + std::string(bytes - 2, 'a') + "\r\nx\r\n0\r\n\r\n";
  };
  const chunk_limits line{.line_bytes = 20};
  EXPECT_EQ(decode(with_line(20), line).status, 200);
  EXPECT_EQ(decode(with_line(21), line).status, 400);

  const chunk_limits extensions{.extension_bytes = 10};
  EXPECT_EQ(decode("1;2345\r\nx\r\n1;2345\r\nx\r\n0\r\n\r\n", extensions).status, 200);
  EXPECT_EQ(decode("1;2345\r\nx\r\n1;23456\r\nx\r\n0\r\n\r\n", extensions).status, 400);

  const chunk_limits trailer{.trailer_bytes = 12};
  for (const auto& [text, status] :
       std::vector<std::pair<std::string_view, int>>{{"0\r\nA: b\r\nC: d\r\n\r\n", 200},
                                                     {"0\r\nA: b\r\nC: def\r\n\r\n", 400},
                                                     {"0\r\nA: bcdefghijklmnopqrst", 400}}) {
    for (const cut& pieces : cuts_of(text.size())) {
      ASSERT_EQ(decode(text, pieces, trailer).status, status) << text;
    }
  }
  const chunk_limits fields{.trailer_fields = 1};
  EXPECT_EQ(decode("0\r\nA: b\r\n\r\n", fields).status, 200);
  EXPECT_EQ(decode("0\r\nA: b\r\nC: d\r\n\r\n", fields).status, 400);
}

}  // namespace
