// SPDX-License-Identifier: MIT
// WebSockets that a server serves: who gets one, what comes through, and how they end.
#include <heddle/http/server.hpp>

#include "http/support/served.hpp"
#include "http/websocket/frames.hpp"
#include "websocket/deflate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace heddle::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view wanted =
    " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

server_config quiet(std::atomic<int>& failures) {
  server_config config;
  config.on_failure = [&failures](const handler_failure&) { ++failures; };
  return config;
}

std::string upgrade(io::tcp_stream& stream, std::string_view path, std::string_view behind = {}) {
  stream.write_all(
      test::bytes("GET " + std::string(path) + std::string(wanted) + std::string(behind)));
  return test::read_head(stream);
}

TEST(http_upgrade, messages_come_through_also_those_sent_with_the_request) {
  std::atomic<int> failures{0};
  server serves(quiet(failures));
  serves.websocket("/rooms/{id}", [](websocket& with, const request& asked) {
    with.send(asked.param("id"));
    while (const auto message = with.receive()) with.send(*message);
  });
  test::while_served(serves, [](const io::endpoint& at) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    const std::string head =
        upgrade(stream, "/rooms/7", test::masked_frame(test::fin | test::text, "early"));
    EXPECT_THAT(head, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    const std::string expected =
        test::frame(test::fin | test::text, "7") + test::frame(test::fin | test::text, "early");
    EXPECT_EQ(test::read_exactly(stream, expected.size()), expected);
    stream.write_all(test::bytes(test::masked_frame(test::fin | test::binary, "late")));
    EXPECT_EQ(test::read_exactly(stream, 6), test::frame(test::fin | test::binary, "late"));
    stream.write_all(
        test::bytes(test::masked_frame(test::fin | test::close_frame, test::close_payload(1000))));
    EXPECT_EQ(test::read_all(stream),
              test::frame(test::fin | test::close_frame, test::close_payload(1000)));
  });
  EXPECT_EQ(failures, 0);
}

TEST(http_upgrade, others_are_told_what_is_missing_and_their_connection_goes_on) {
  std::atomic<int> failures{0};
  server serves(quiet(failures));
  serves.websocket("/feed", [](websocket& with) { with.send("never"); });
  test::while_served(serves, [](const io::endpoint& at) {
    const std::string got =
        test::ask(at,
                  "GET /feed HTTP/1.1\r\nHost: h\r\n\r\nGET /feed HTTP/1.1\r\nHost: h\r\n"
                  "Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_THAT(got, StartsWith("HTTP/1.1 4"));
    EXPECT_THAT(got, HasSubstr("HTTP/1.1 426 "));
    EXPECT_THAT(got, HasSubstr("\r\nSec-WebSocket-Version: 13\r\n"));
    io::tcp_stream stream = io::tcp_stream::connect(at);
    stream.write_all(test::bytes("GET /feed HTTP/1.1\r\nHost: h\r\nOrigin: http://evil\r\n" +
                                 std::string(wanted.substr(wanted.find("Upgrade")))));
    EXPECT_THAT(test::read_head(stream), StartsWith("HTTP/1.1 403 "));
  });
}

TEST(http_upgrade, a_bomb_is_refused_with_its_code_and_the_handler_never_sees_it) {
  std::atomic<int> failures{0};
  std::atomic<int> received{0};
  server serves(quiet(failures));
  websocket_config config;
  config.compression.enabled = io::toggle::on;
  const auto count = [&](websocket& with) {
    while (with.receive()) ++received;
  };
  serves.websocket("/feed", count, config);
  detail::compressor with{detail::agreed_compression{}};
  const std::string zeros(std::size_t{8} << 20, '\0');
  std::string bomb;
  with.add(std::as_bytes(std::span(zeros)), detail::compressor::part::last, bomb);
  ASSERT_LT(bomb.size() * 200, zeros.size());
  test::while_served(serves, [&](const io::endpoint& at) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    stream.write_all(test::bytes("GET /feed HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Extensions: " +
                                 std::string("permessage-deflate\r\n") +
                                 std::string(wanted.substr(wanted.find("Upgrade")))));
    EXPECT_THAT(test::read_head(stream), HasSubstr("permessage-deflate"));
    const std::string small = test::masked_frame(test::fin | test::text, "small");
    stream.write_all(
        test::bytes(small + test::masked_frame(test::fin | test::rsv1 | test::binary, bomb)));
    EXPECT_EQ(test::read_all(stream),
              test::frame(test::fin | test::close_frame, test::close_payload(1009)));
  });
  EXPECT_EQ(received, 1) << "what came before it";
}

TEST(http_upgrade, the_handlers_end_closes_and_says_how_it_went) {
  std::atomic<int> failures{0};
  server serves(quiet(failures));
  serves.websocket("/ends", [](websocket&) {});
  serves.websocket("/fails", [](websocket&) { throw std::runtime_error("broken"); });
  test::while_served(serves, [](const io::endpoint& at) {
    for (const auto& [path, code] : {std::pair{"/ends", 1000U}, std::pair{"/fails", 1011U}}) {
      io::tcp_stream stream = io::tcp_stream::connect(at);
      EXPECT_THAT(upgrade(stream, path), StartsWith("HTTP/1.1 101"));
      const std::string expected =
          test::frame(test::fin | test::close_frame, test::close_payload(code));
      EXPECT_EQ(test::read_exactly(stream, expected.size()), expected) << path;
    }
  });
  EXPECT_EQ(failures, 1);
}

TEST(http_upgrade, one_that_its_handler_has_moved_elsewhere_is_closed_with_the_handler) {
  std::atomic<int> failures{0};
  std::optional<websocket> kept;
  {
    server serves(quiet(failures));
    serves.websocket("/keeps", [&](websocket& with) { kept = std::move(with); });
    test::while_served(serves, [&](const io::endpoint& at) {
      io::tcp_stream stream = io::tcp_stream::connect(at);
      EXPECT_THAT(upgrade(stream, "/keeps"), StartsWith("HTTP/1.1 101"));
      const std::string close =
          test::frame(test::fin | test::close_frame, test::close_payload(1000));
      EXPECT_EQ(test::read_exactly(stream, close.size()), close);
      stream.write_all(test::bytes(
          test::masked_frame(test::fin | test::close_frame, test::close_payload(1000))));
      EXPECT_EQ(test::read_all(stream), "");
    });
  }
  ASSERT_TRUE(kept);
  EXPECT_FALSE(kept->is_open());
  EXPECT_EQ(kept->close_code(), close_code::normal);
  heddle::run(test::with_loops(1), [&] {
    std::error_code error;
    kept->send("late", error);
    EXPECT_EQ(error, std::errc::operation_canceled);
    EXPECT_FALSE(kept->receive());
    kept->ping("late", error);
    EXPECT_TRUE(error);
    EXPECT_THROW(kept->send("late"), io::io_error);
    kept->close();
    kept->abort();
    kept.reset();
  });
}

TEST(http_upgrade, one_that_was_moved_is_closed_also_if_nobody_can_be_told) {
  std::atomic<int> failures{0};
  std::optional<websocket> kept;
  server serves(quiet(failures));
  serves.websocket("/keeps", [&](websocket& with) {
    kept = std::move(with);
    throw io::io_error(std::make_error_code(std::errc::connection_reset), "a test of",
                       io::endpoint("127.0.0.1:7"));
  });
  test::while_served(serves, [&](const io::endpoint& at) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    EXPECT_THAT(upgrade(stream, "/keeps"), StartsWith("HTTP/1.1 101"));
    EXPECT_EQ(test::read_all(stream), "");
    ASSERT_TRUE(kept);
    EXPECT_FALSE(kept->is_open());
    std::error_code error;
    EXPECT_FALSE(kept->receive(error));
    EXPECT_EQ(error, std::errc::operation_canceled);
  });
}

TEST(http_upgrade, when_the_server_ends_its_websockets_are_told_so) {
  std::atomic<int> failures{0};
  server serves(quiet(failures));
  serves.websocket("/feed", [](websocket& with) {
    while (with.receive()) {
    }
  });
  heddle::run(test::with_loops(2), [&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    io::tcp_stream stream;
    task<void> serving = spawn([&] { serves.serve(listener); });
    stream = io::tcp_stream::connect(listener.local_endpoint());
    EXPECT_THAT(upgrade(stream, "/feed"), StartsWith("HTTP/1.1 101"));
    serving.cancel();
    const std::string expected =
        test::frame(test::fin | test::close_frame, test::close_payload(1001));
    EXPECT_EQ(test::read_exactly(stream, expected.size()), expected);
    stream.write_all(
        test::bytes(test::masked_frame(test::fin | test::close_frame, test::close_payload(1001))));
    EXPECT_EQ(test::read_all(stream), "");
    EXPECT_THROW(serving.join(), task_cancelled);
  });
  EXPECT_EQ(failures, 0);
}

TEST(http_upgrade, a_configuration_that_cannot_be_is_refused) {
  server serves;
  websocket_config config;
  config.limits.fragments = 0;
  EXPECT_THROW(serves.websocket(
                   "/x", [](websocket&) {}, config),
               std::invalid_argument);
}

}  // namespace
}  // namespace heddle::http
