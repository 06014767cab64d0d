// SPDX-License-Identifier: MIT
// The code that the guide to the fault proxy shows, with the bugs it finds left in.
#include <heddle/testing/fault_proxy.hpp>

#include "testing/echo_service.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>

namespace {

using namespace std::chrono_literals;
using heddle::testing::fault_proxy;
using heddle::testing::newcomers;
using heddle::testing::proxy_ending;
using heddle::testing::proxy_plan;
using heddle::testing::proxy_stats;

/// Asks with a line and reads a line. Wrong: takes one read for one line.
std::string ask_once(heddle::io::tcp_stream& server, const std::string& question) {
  server.write_all(std::as_bytes(std::span(question)));
  std::array<char, 1024> line{};
  const std::size_t size = server.read_some(std::as_writable_bytes(std::span(line)));
  return {line.data(), size};
}

/// Reads on until the line is over.
std::string ask(heddle::io::tcp_stream& server, const std::string& question) {
  server.write_all(std::as_bytes(std::span(question)));
  std::string line;
  std::array<char, 1024> room{};
  while (!line.ends_with('\n')) {
    const std::size_t size = server.read_some(std::as_writable_bytes(std::span(room)));
    if (size == 0) break;
    line.append(room.data(), size);
  }
  return line;
}

/// What every test does at its end, whatever the proxy did before.
void expect_service(fault_proxy& proxy) {
  proxy.set_plan({});
  proxy.treat(newcomers::accept);
  auto server = heddle::io::tcp_stream::connect(proxy.local_endpoint());
  EXPECT_EQ(ask(server, "and the service recovers\n"), "and the service recovers\n");
}

TEST(fault_proxy_guide, finds_a_read_that_is_taken_for_a_line) {
  heddle::run([] {
    heddle::test::echo_service service;
    fault_proxy proxy(service.where());
    auto server = heddle::io::tcp_stream::connect(proxy.local_endpoint());
    EXPECT_EQ(ask_once(server, "hello\n"), "hello\n");  // a network that is kind

    proxy.set_plan({.to_client = {.pause = 1h, .piece_bytes = 1}});
    EXPECT_NE(ask_once(server, "hello\n"), "hello\n");  // one that is allowed to do this

    proxy.set_plan({.to_client = {.pause = 1ms, .piece_bytes = 1}});
    auto another = heddle::io::tcp_stream::connect(proxy.local_endpoint());
    EXPECT_EQ(ask(another, "hello\n"), "hello\n");
    expect_service(proxy);
  });
}

/// Asks, and does without an answer if the server is silent for too long.
std::optional<std::string> ask_for(std::chrono::nanoseconds patience,
                                   heddle::io::tcp_stream& server, const std::string& question) {
  return heddle::move_on_after(patience, [&] { return ask(server, question); });
}

TEST(fault_proxy_guide, shows_that_a_silent_server_is_left) {
  heddle::run([] {
    heddle::test::echo_service service;
    fault_proxy proxy(service.where());
    auto server = heddle::io::tcp_stream::connect(proxy.local_endpoint());
    EXPECT_EQ(ask_for(1h, server, "hello\n"), "hello\n");

    proxy.end_connections(proxy_ending::vanish);
    proxy.wait_until([](const proxy_stats& now) { return now.vanished == 1; });
    EXPECT_EQ(ask_for(50ms, server, "hello\n"), std::nullopt);
    expect_service(proxy);
  });
}

TEST(fault_proxy_guide, has_a_plan_for_each_connection) {
  heddle::run([] {
    heddle::test::echo_service service;
    const auto fails_twice = [](std::uint64_t connection) -> proxy_plan {
      if (connection > 2) return {};
      return {.to_client = {.limit = {{.bytes = 3, .then = proxy_ending::reset}}}};
    };
    fault_proxy proxy(service.where(), {.plan_for = fails_twice});

    int attempts = 0;
    for (std::string answer; answer != "hello\n"; ++attempts) {
      try {
        auto server = heddle::io::tcp_stream::connect(proxy.local_endpoint());
        answer = ask(server, "hello\n");
      } catch (const heddle::io::io_error& error) {
        EXPECT_EQ(error.code(), std::errc::connection_reset);
      }
    }
    EXPECT_EQ(attempts, 3);
    EXPECT_EQ(proxy.stats().reset, 2U);
    expect_service(proxy);
  });
}

}  // namespace
