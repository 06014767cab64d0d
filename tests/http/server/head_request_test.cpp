// SPDX-License-Identifier: MIT
// HEAD to a handler that writes its body in pieces: the head does not wait for the body's end,
// which may never come, and the handler does not go on for nobody.
#include <heddle/http/server.hpp>

#include "http/support/served.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;

/// Counts handlers that are left, however they are.
struct leaving {
  std::atomic<int>& count;
  ~leaving() { ++count; }
};

TEST(http_head_request, of_an_endless_body_is_answered_at_once_and_ends_the_handler) {
  std::atomic<int> left{0};
  server serves;
  serves.stream("GET", "/writes", [&](request_reader&, response_writer& out) {
    const leaving note{left};
    for (;;) out.write("more");
  });
  serves.stream("GET", "/waits", [&](request_reader&, response_writer& out) {
    const leaving note{left};
    out.set("X-Kind", "events").write("first");
    this_fiber::sleep_for(24h);
  });
  serves.stream("GET", "/flushes", [&](request_reader&, response_writer& out) {
    const leaving note{left};
    out.flush();
    this_fiber::sleep_for(24h);
  });
  serves.get("/next", [&](const request&) { return response::text(std::to_string(left)); });
  test::while_served(serves, [](const io::endpoint& at) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    const auto head_of = [&](std::string_view path) {
      stream.write_all(test::bytes("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n"));
      return test::read_head(stream);
    };
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
    EXPECT_EQ(head_of("/writes"), chunked + "\r\n");
    EXPECT_EQ(head_of("/waits"), chunked + "X-Kind: events\r\n\r\n");
    EXPECT_EQ(head_of("/flushes"), chunked + "\r\n");
    stream.write_all(test::bytes("GET /next HTTP/1.1\r\nHost: h\r\n\r\n"));
    test::read_head(stream);
    EXPECT_EQ(test::read_exactly(stream, 1), "3") << "nothing is left of the three";
  });
  EXPECT_EQ(serves.stats().failures, 0U);
}

TEST(http_head_request, of_a_body_that_fails_before_it_begins_has_the_errors_head) {
  server serves;
  serves.stream("GET", "/",
                [](request_reader&, response_writer&) { throw status_error(409, "no tea"); });
  test::while_served(serves, [](const io::endpoint& at) {
    EXPECT_EQ(test::ask(at, "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 409 Conflict\r\nConnection: close\r\nContent-Length: 7\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n\r\n");
  });
}

}  // namespace
}  // namespace heddle::http
