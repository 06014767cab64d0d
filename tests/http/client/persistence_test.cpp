// SPDX-License-Identifier: MIT
// When a client uses a connection again, and where it takes a response to end: versions,
// Connection, responses that have no body whatever their header says, and ends that come early.
#include <heddle/http/client.hpp>

#include "http/support/answering.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http {
namespace {

using test::error_of;
using test::while_answering;

enum class after { keeps, closes };

/// An answer to a request, what is read of it, and what becomes of its connection.
struct answer_case {
  std::string_view method;
  std::string_view text;
  std::string_view body;
  after then;
};

const std::vector<answer_case> answers = {
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", after::keeps},
    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello",
     after::keeps},
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", "hello",
     after::closes},
    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, CLOSE\r\n\r\nhello", "hello",
     after::closes},
    {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", after::closes},
    {"GET", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello", "hello",
     after::keeps},
    {"GET", "HTTP/1.1 200 OK\r\n\r\nhello", "hello", after::closes},
    {"GET", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nhello", "hello", after::closes},
    {"GET", "HTTP/1.0 200 OK\r\n\r\nhello", "hello", after::closes},
    {"GET", "HTTP/1.1 204 No Content\r\n\r\n", "", after::keeps},
    {"GET", "HTTP/1.1 304 Not Modified\r\n\r\n", "", after::keeps},
    {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", after::keeps},
    {"GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "", after::keeps},
    {"GET", "HTTP/1.0 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", after::closes},
    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", after::keeps},
    {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", after::keeps},
    {"HEAD", "HTTP/1.1 200 OK\r\n\r\n", "", after::keeps},
    {"HEAD", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "", after::closes},
    {"HEAD", "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\n", "",
     after::closes},
};

TEST(client_persistence, of_a_connection_is_as_both_sides_have_said) {
  for (const answer_case& each : answers) {
    std::atomic<int> connections{0};
    const auto serve = [&](io::tcp_stream& from) {
      ++connections;
      std::error_code error;
      while (!error && !test::read_request(from).empty()) {
        from.write_all(test::bytes(each.text), error);
        if (each.then == after::closes) return;
      }
    };
    while_answering(serve, [&](const std::string& at) {
      client asks;
      for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(asks.request(client_request(each.method, at)).body(), each.body) << each.text;
        EXPECT_EQ(asks.stats().idle, each.then == after::keeps ? 1U : 0U) << each.text;
      }
      EXPECT_EQ(connections, each.then == after::keeps ? 1 : 3) << each.text;
      EXPECT_EQ(asks.stats().retries, 0U) << each.text;
    });
  }
}

/// Has a client ask for `text`, of which every beginning is sent, and `end(stream)` called. Calls
/// `expect(error, bytes sent)` with what the client makes of each.
template <class End, class Expect>
void at_every_byte(std::string_view text, End end, Expect expect) {
  std::atomic<std::size_t> cut{0};
  const auto serve = [&](io::tcp_stream& from) {
    std::error_code error;
    if (test::read_request(from).empty()) return;
    from.write_all(test::bytes(text.substr(0, cut)), error);
    end(from);
  };
  while_answering(serve, [&](const std::string& at) {
    client asks;
    for (; cut < text.size(); ++cut) expect(error_of([&] { asks.get(at); }), cut.load());
    EXPECT_EQ(asks.stats().open, 0U);
    EXPECT_EQ(asks.stats().retries, 0U);
  });
}

const std::vector<std::string_view> whole_answers = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n"};

TEST(client_persistence, does_not_hide_that_a_response_was_cut_off_wherever) {
  for (const std::string_view text : whole_answers) {
    const std::size_t head = text.find("\r\n\r\n") + 4;
    at_every_byte(
        text, [](io::tcp_stream& from) { from.close(); },
        [&](const http_error& found, std::size_t cut) {
          EXPECT_EQ(found.code(), cut < head ? http_errc::no_response : http_errc::body_cut_off)
              << text << " cut at " << cut << ": " << found.what();
        });
  }
}

TEST(client_persistence, does_not_hide_a_reset_wherever) {
  for (const std::string_view text : whole_answers) {
    at_every_byte(
        text, [](io::tcp_stream& from) { from.abort(); },
        [&](const http_error& found, std::size_t cut) {
          EXPECT_EQ(found.code(), std::errc::connection_reset) << text << " cut at " << cut;
        });
  }
}

}  // namespace
}  // namespace heddle::http
