// SPDX-License-Identifier: MIT
// The same server over TLS: requests, long bodies, WebSockets, its end, and who speaks no TLS.
#include <heddle/http/server.hpp>
#include <heddle/tls/listener.hpp>

#include "http/support/served.hpp"
#include "http/websocket/frames.hpp"
#include "tls/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace heddle::http {
namespace {

using test::bytes;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void add_routes(server& into) {
  into.get("/", [](const request& asked) {
    return response::text(asked.is_encrypted() ? "sealed" : "open");
  });
  into.post("/length", [](const request& asked) {
    return response::text(std::to_string(asked.body().size()));
  });
  into.get("/large", [](const request&) { return response::text(std::string(3 << 20, 'x')); });
  into.websocket("/echo", [](websocket& with) {
    while (const auto message = with.receive()) with.send(*message);
  });
}

template <class Talk>
void while_served(Talk talk) {
  server serves;
  add_routes(serves);
  heddle::run(test::with_loops(2), [&] {
    tls::listener listener(io::tcp_listener::bind("127.0.0.1:0"), test::test_server_options());
    const io::endpoint at = listener.local_endpoint();
    task<void> serving = spawn([&] { serves.serve(listener); });
    talk(at);
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

tls::stream connect(const io::endpoint& at) {
  return tls::stream::client(io::tcp_stream::connect(at), "localhost", test::test_client_options());
}

std::string ask(const io::endpoint& at, std::string_view request) {
  tls::stream stream = connect(at);
  stream.write_all(bytes(request));
  std::error_code error;
  const std::string answer = test::read_up_to_end(stream, error);
  EXPECT_FALSE(error) << stream.failure();
  return answer;
}

TEST(http_encrypted, requests_are_answered_one_after_another) {
  while_served([](const io::endpoint& at) {
    const std::string got = ask(at,
                                "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
                                "POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                                "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(got, HasSubstr("\r\n\r\n5HTTP/1.1 200 OK"));
    EXPECT_THAT(got, EndsWith("\r\n\r\nsealed"));
  });
}

TEST(http_encrypted, large_bodies_come_through_both_ways) {
  while_served([](const io::endpoint& at) {
    const std::string body(900'000, 'b');
    EXPECT_THAT(ask(at,
                    "POST /length HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                    "Content-Length: 900000\r\n\r\n" +
                        body),
                EndsWith("\r\n\r\n900000"));
    EXPECT_THAT(ask(at, "GET /large HTTP/1.0\r\n\r\n"),
                EndsWith("\r\n\r\n" + std::string(3 << 20, 'x')));
  });
}

TEST(http_encrypted, websockets_work_too) {
  while_served([](const io::endpoint& at) {
    tls::stream stream = connect(at);
    stream.write_all(
        bytes("GET /echo HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
              test::masked_frame(test::fin | test::text, "hello")));
    std::string head;
    while (!head.ends_with("\r\n\r\n")) head += test::read_exactly(stream, 1);
    EXPECT_THAT(head, StartsWith("HTTP/1.1 101 "));
    EXPECT_EQ(test::read_exactly(stream, 7), test::frame(test::fin | test::text, "hello"));
  });
}

TEST(http_encrypted, who_speaks_no_tls_gets_no_page) {
  while_served([](const io::endpoint& at) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    std::error_code error;
    stream.write_all(bytes("GET / HTTP/1.0\r\n\r\n"), error);
    std::string got;
    std::string piece(4096, '\0');
    while (const std::size_t count = stream.read_some(test::room_in(piece), error)) {
      got.append(piece, 0, count);
    }
    EXPECT_EQ(got.find("HTTP/"), std::string::npos);
  });
}

}  // namespace
}  // namespace heddle::http
