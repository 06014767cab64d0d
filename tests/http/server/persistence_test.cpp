// SPDX-License-Identifier: MIT
// When a connection goes on after an answer, byte for byte: versions, Connection, requests in a
// row, answers that have no body, Expect, and clients that end their side early.
#include <heddle/http/server.hpp>

#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace heddle::http {
namespace {

using test::ask;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view last = "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
constexpr std::string_view last_answer =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nlast";
constexpr std::string_view text_type = "Content-Type: text/plain; charset=utf-8\r\n";

void add_routes(server& into) {
  into.get("/", [](const request&) { return response::text("hello"); });
  into.get("/last", [](const request&) { return response::text("last"); });
  into.get("/none", [](const request&) { return response(204).body("which is not sent"); });
  into.get("/reset", [](const request&) { return response(205).body("which is not sent"); });
  into.stream("GET", "/reset/stream", [](request_reader&, response_writer& out) {
    out.status(205);
    out.write("which is");
    out.write("not sent");
  });
  into.get("/same", [](const request&) { return response(304).body("which is not sent"); });
  into.get("/closes",
           [](const request&) { return response::text("bye").set("Connection", "close"); });
  into.get("/hop", [](const request&) {
    return response(204).set("Connection", "x-hop, Keep-Alive").add("Connection", "x-more");
  });
  into.stream("GET", "/hop/stream", [](request_reader&, response_writer& out) {
    out.set("Connection", "keep-alive").content_length(1).write("s");
  });
  into.stream("GET", "/stream",
              [](request_reader&, response_writer& out) { out.write("streamed"), out.flush(); });
  into.post("/echo",
            [](const request& asked) { return response::text(std::string(asked.body())); });
}

/// A request, the answer to it, and whether another one behind it is answered too.
struct exchange_case {
  std::string asked;
  std::string answered;
  bool goes_on;
};

std::vector<exchange_case> exchanges() {
  const std::string type(text_type);
  const std::string hello = "Content-Length: 5\r\n" + type + "\r\n";
  const std::string host = " HTTP/1.1\r\nHost: h\r\n";
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string keep = "Connection: keep-alive\r\n";
  const std::string close = "Connection: close\r\n";
  return {
      {"GET /" + host + "\r\n", ok + hello + "hello", true},
      {"GET /" + host + "Connection: CLOSE\r\n\r\n", ok + close + hello + "hello", false},
      {"GET /" + host + "Connection: x, close\r\n\r\n", ok + close + hello + "hello", false},
      {"GET /closes" + host + "\r\n",
       ok + "Content-Length: 3\r\n" + type + "Connection: close\r\n\r\nbye", false},
      // What a handler says of the connection does not hide that it ends.
      {"GET /hop" + host + "\r\n",
       "HTTP/1.1 204 No Content\r\nConnection: x-hop, Keep-Alive\r\nConnection: x-more\r\n\r\n",
       true},
      {"GET /hop" + host + "Connection: close\r\n\r\n",
       "HTTP/1.1 204 No Content\r\nConnection: close, x-hop, x-more\r\n\r\n", false},
      {"GET /hop/stream HTTP/1.0\r\n\r\n", ok + close + "Content-Length: 1\r\n\r\ns", false},
      {"GET / HTTP/1.0\r\n\r\n", ok + close + hello + "hello", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", ok + keep + hello + "hello", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", ok + close + hello + "hello",
       false},
      {"HEAD /" + host + "\r\n", ok + hello, true},
      {"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ok + keep + hello, true},
      {"GET /none" + host + "\r\n", "HTTP/1.1 204 No Content\r\n\r\n", true},
      {"HEAD /none" + host + "\r\n", "HTTP/1.1 204 No Content\r\n\r\n", true},
      {"GET /reset" + host + "\r\n", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
       true},
      {"GET /reset/stream" + host + "\r\n",
       "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", true},
      {"GET /same" + host + "\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n", true},
      {"GET /stream" + host + "\r\n",
       ok + "Transfer-Encoding: chunked\r\n\r\n8\r\nstreamed\r\n0\r\n\r\n", true},
      {"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ok + close + "\r\nstreamed",
       false},
      {"POST /echo" + host + "Content-Length: 5\r\n\r\nhello", ok + hello + "hello", true},
      {"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
       ok + keep + hello + "hello", true},
      {"POST /echo" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
       ok + hello + "hello", true},
      // Nobody waits for a 100: the client has no body, or is too old, or has sent it already.
      {"GET /" + host + "Expect: 100-continue\r\n\r\n", ok + hello + "hello", true},
      {"POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
       ok + close + hello + "hello", false},
      {"POST /echo" + host + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
       ok + hello + "hello", true},
  };
}

TEST(http_persistence, of_a_connection_is_as_both_sides_have_said) {
  server serves;
  add_routes(serves);
  test::while_served(serves, [](const io::endpoint& at) {
    for (const exchange_case& each : exchanges()) {
      const std::string behind(each.goes_on ? last_answer : "");
      EXPECT_EQ(ask(at, each.asked + std::string(last)), each.answered + behind) << each.asked;
    }
  });
}

TEST(http_persistence, holds_for_requests_in_one_piece) {
  server serves;
  add_routes(serves);
  test::while_served(serves, [](const io::endpoint& at) {
    std::string asked;
    std::string answered;
    for (const exchange_case& each : exchanges()) {
      if (!each.goes_on) continue;
      asked += each.asked;
      answered += each.answered;
    }
    EXPECT_EQ(ask(at, asked + std::string(last)), answered + std::string(last_answer));
  });
}

TEST(http_persistence, ends_after_what_a_client_asked_before_it_ended_its_side) {
  server serves;
  add_routes(serves);
  test::while_served(serves, [](const io::endpoint& at) {
    const std::string plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const auto all_after = [&](std::string_view asked) {
      io::tcp_stream stream = io::tcp_stream::connect(at);
      stream.write_all(test::bytes(asked));
      stream.shutdown_write();
      return test::without_dates(test::read_all(stream));
    };
    const std::string answered =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + std::string(text_type) + "\r\nhello";
    EXPECT_EQ(all_after(plain), answered);
    EXPECT_EQ(all_after(plain + plain + plain), answered + answered + answered);
    EXPECT_EQ(all_after(""), "");
    EXPECT_EQ(all_after(plain + "GET / HT"), answered) << "half a request is none";
    const std::string cut =
        all_after("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf");
    EXPECT_THAT(cut, StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(cut, Not(HasSubstr("half")));
  });
}

TEST(http_persistence, of_a_100_is_for_those_who_wait_for_it) {
  server serves;
  add_routes(serves);
  test::while_served(serves, [](const io::endpoint& at) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    for (int round = 0; round < 3; ++round) {
      stream.write_all(
          test::bytes("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                      "Content-Length: 5\r\n\r\n"));
      EXPECT_EQ(test::read_head(stream), "HTTP/1.1 100 Continue\r\n\r\n");
      stream.write_all(test::bytes("hello"));
      EXPECT_THAT(test::read_head(stream), StartsWith("HTTP/1.1 200 OK\r\n"));
      EXPECT_EQ(test::read_exactly(stream, 5), "hello");
    }
    EXPECT_THAT(ask(at,
                    "POST /missing HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                    "Content-Length: 100000000\r\n\r\n"),
                StartsWith("HTTP/1.1 404 "));
  });
}

}  // namespace
}  // namespace heddle::http
