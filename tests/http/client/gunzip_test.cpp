// SPDX-License-Identifier: MIT
// gzip: what comes out at every cut, what is refused; and what a client's user sees of it.
#include "client/gunzip.hpp"

#include <heddle/http/client.hpp>
#include <heddle/http/server.hpp>

#include "http/support/answering.hpp"
#include "http/support/served.hpp"
#include "server/compression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle::http {
namespace {

using detail::gzipped;
using test::error_of;
using test::read_request;
using test::while_answering;
using ::testing::HasSubstr;

/// What becomes of `packed`, given in pieces, into room for `room` bytes; nullopt: malformed.
std::optional<std::string> inflated(std::string_view packed, const test::cut& sizes,
                                    std::size_t room, bool& whole) {
  detail::gunzip inflates;
  std::string all;
  std::string into(room, '\0');
  for (const std::size_t size : sizes) {
    std::string_view piece = packed.substr(0, size);
    packed.remove_prefix(size);
    for (;;) {
      const auto step = inflates.inflate(piece, test::room_in(into));
      if (step.malformed) return std::nullopt;
      piece.remove_prefix(step.taken);
      all.append(into, 0, step.made);
      if (step.made == 0) break;
    }
    EXPECT_TRUE(piece.empty());
  }
  whole = inflates.whole();
  return all;
}

std::string some_text() {
  std::string text;
  for (int n = 0; text.size() < 500; ++n) text += std::to_string(n * n) + " and ";
  return text;
}

TEST(gunzip, inflates_one_or_more_members_at_every_cut) {
  const std::string text = some_text();
  const std::vector<std::pair<std::string, std::string>> table = {
      {gzipped(text), text},
      {gzipped(""), ""},
      {gzipped(text) + gzipped("more"), text + "more"},
      {gzipped(text) + gzipped(""), text},
  };
  for (const auto& [packed, expected] : table) {
    for (const test::cut& each : test::cuts_of(packed.size(), 5)) {
      for (const std::size_t room : {1U, 7U, 4096U}) {
        bool whole = false;
        EXPECT_EQ(inflated(packed, each, room, whole), expected);
        EXPECT_TRUE(whole);
      }
    }
  }
}

TEST(gunzip, is_whole_at_its_end_only) {
  const std::string packed = gzipped(some_text());
  for (std::size_t bytes = 1; bytes < packed.size(); ++bytes) {
    bool whole = true;
    EXPECT_TRUE(inflated(packed.substr(0, bytes), {bytes}, 4096, whole)) << bytes;
    EXPECT_FALSE(whole) << bytes;
  }
}

TEST(gunzip, refuses_what_is_no_gzip_or_has_wrong_sums_or_something_behind) {
  const std::string packed = gzipped(some_text());
  std::string empties;
  for (int n = 0; n < 20; ++n) empties += gzipped("");
  std::vector<std::string> table = {"plain text", packed + "x1", packed + std::string(8, '\0'),
                                    "\x1f\x8b\x07" + packed.substr(3), empties};
  for (std::size_t at = 10; at < packed.size(); ++at) {
    std::string wrong = packed;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x10);
    table.push_back(wrong);
  }
  for (const std::string& each : table) {
    bool whole = true;
    const auto found = inflated(each, {each.size()}, 4096, whole);
    EXPECT_TRUE(!found || !whole) << test::cut{each.size()}.front();
  }
}

/// Answers each request with the same, and closes.
auto answering(std::string answer) {
  return [answer](io::tcp_stream& from) {
    if (read_request(from).empty()) return;
    std::error_code error;
    from.write_all(test::bytes(answer), error);
  };
}

std::string sized(const std::string& body, const std::string& fields) {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string hex(std::size_t number) {
  std::ostringstream text;
  text << std::hex << number;
  return text.str();
}

TEST(client_encoding, bodies_are_inflated_in_every_framing_and_headers_do_not_lie) {
  const std::string text = some_text();
  const std::string packed = gzipped(text);
  const std::string coded = "Content-Encoding: GZip\r\nX-Other: o\r\n";
  const std::string half = packed.substr(0, 100);
  const std::vector<std::string> table = {
      sized(packed, coded),
      sized(packed, "Content-Encoding: x-gzip\r\nX-Other: o\r\n"),
      "HTTP/1.1 200 OK\r\n" + coded + "Transfer-Encoding: chunked\r\n\r\n64\r\n" + half + "\r\n" +
          hex(packed.size() - 100) + "\r\n" + packed.substr(100) + "\r\n0\r\n\r\n",
      "HTTP/1.0 200 OK\r\n" + coded + "\r\n" + packed,
  };
  for (const std::string& each : table) {
    while_answering(answering(each), [&](const std::string& at) {
      client asks;
      const response got = asks.get(at);
      EXPECT_EQ(got.body(), text);
      EXPECT_EQ(got.header("Content-Encoding"), std::nullopt);
      EXPECT_EQ(got.header("X-Other"), "o");
      client_response streamed = asks.open(client_request("GET", at));
      EXPECT_EQ(streamed.header().get("Content-Length"), std::nullopt);
      EXPECT_EQ(streamed.read_all(10'000), text);
    });
  }
}

TEST(client_encoding, what_is_not_inflated_comes_with_its_header) {
  const std::string packed = gzipped("text");
  const std::string coded = "Content-Encoding: gzip\r\n";
  while_answering(answering(sized(packed, coded)), [&](const std::string& at) {
    client plain({.decompress = io::toggle::off});
    const response got = plain.get(at);
    EXPECT_EQ(got.body(), packed);
    EXPECT_EQ(got.header("Content-Encoding"), "gzip");
    client asks;
    EXPECT_EQ(asks.request(client_request("GET", at).set("Accept-Encoding", "gzip")).body(),
              packed);
    EXPECT_EQ(asks.request(client_request("GET", at).set("Range", "bytes=0-9")).body(), packed);
    const client_response head = asks.open(client_request("HEAD", at));
    EXPECT_EQ(head.header().get("Content-Encoding"), "gzip");
    EXPECT_EQ(head.header().get("Content-Length"), std::to_string(packed.size()));
  });
  for (const std::string other : {"br", "gzip, br", "deflate", "identity"}) {
    const std::string field = "Content-Encoding: " + other + "\r\n";
    while_answering(answering(sized("as it is", field)), [&](const std::string& at) {
      const response got = client().get(at);
      EXPECT_EQ(got.body(), "as it is");
      EXPECT_EQ(got.header("Content-Encoding"), other);
    });
  }
  while_answering(answering(sized("", coded)),
                  [&](const std::string& at) { EXPECT_EQ(client().get(at).body(), ""); });
}

TEST(client_encoding, cuts_garbage_and_bombs_are_errors) {
  const std::string coded = "Content-Encoding: gzip\r\n";
  const std::string packed = gzipped(some_text());
  const std::string bomb = gzipped(std::string(10'000'000, '\0'));
  const std::error_code malformed = http_errc::malformed_encoding;
  const std::vector<std::pair<std::string, std::error_code>> table = {
      {sized(packed.substr(0, packed.size() - 1), coded), malformed},
      {sized(packed + "garbage", coded), malformed},
      {sized("no gzip", coded), malformed},
      {"HTTP/1.0 200 OK\r\n" + coded + "\r\n" + packed.substr(0, 50), malformed},
      {sized(bomb, coded), http_errc::body_too_large},
      {"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n" + coded + "\r\n" + packed.substr(0, 50),
       http_errc::body_cut_off},
  };
  for (const auto& each : table) {
    while_answering(answering(each.first), [&](const std::string& at) {
      client asks({.body_bytes = 1'000'000});
      const http_error found = error_of([&] { asks.get(at); });
      EXPECT_EQ(found.code(), each.second) << found.what();
      EXPECT_EQ(found.phase(), client_phase::body);
      EXPECT_EQ(asks.stats().open, 0U);
    });
  }
}

TEST(client_encoding, heddles_server_compresses_and_the_connection_is_kept) {
  server_config settings;
  settings.compress_from_bytes = 100;
  server serves(settings);
  serves.get("/", [](const request& asked) {
    return response::text(std::string(asked.header("Accept-Encoding").value_or("none")) +
                          std::string(100'000, 'x'));
  });
  test::while_served(serves, [](const io::endpoint& at) {
    const std::string url = "http://" + at.to_string() + "/";
    client asks;
    for (int n = 0; n < 3; ++n) EXPECT_EQ(asks.get(url).body(), "gzip" + std::string(100'000, 'x'));
    EXPECT_EQ(asks.stats().connections, 1U);
    client plain({.decompress = io::toggle::off});
    EXPECT_THAT(plain.get(url).body(), HasSubstr("none"));
  });
}

}  // namespace
}  // namespace heddle::http
