// SPDX-License-Identifier: MIT
// A server that signals end, over real sockets: a first one has it answer what was begun, and
// refuse newcomers; a second one cuts that short.
#include <heddle/http/server.hpp>
#include <heddle/io/graceful.hpp>

#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;

// Signals are raised on the thread that asks for one: TSAN keeps one that comes to another thread,
// while a fiber runs there, until that very fiber calls something TSAN knows, which may be never.

constexpr std::string_view plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// Serves until signals end it, while `talk(endpoint, stopping)` runs on two loops.
template <class Talk>
void served_until_signals(server& serves, Talk talk) {
  heddle::run(test::with_loops(2), [&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    task<io::stop_report> stopping = spawn([&] {
      return io::stop_on_signals([&](io::drain_stop& now) { serves.serve(listener, &now); });
    });
    talk(listener.local_endpoint(), stopping);
  });
}

/// Asks on one connection until it ends. Returns: false if there is nobody to connect to.
bool ask_until_closed(const io::endpoint& at, std::atomic<int>& answered) {
  std::error_code error;
  io::tcp_stream stream = io::tcp_stream::connect(at, error);
  if (error) return false;
  for (std::string body(5, '\0');; ++answered) {
    stream.write_all(test::bytes(plain), error);
    if (error) return true;
    std::string head;
    for (std::string next(1, '\0'); !error && !head.ends_with("\r\n\r\n"); head += next) {
      if (stream.read_some(test::room_in(next), error) == 0) return true;
    }
    stream.read_exactly(test::room_in(body), error);
    if (error) return true;
  }
}

TEST(http_stop_signal, first_has_all_that_was_begun_answered) {
  std::atomic<int> begun{0};
  std::atomic<int> answered{0};
  server serves;
  serves.get("/", [&](const request&) {
    if (++begun % 3 == 0) this_fiber::sleep_for(1ms);
    return response::text("hello");
  });
  served_until_signals(serves, [&](const io::endpoint& at, task<io::stop_report>& stopping) {
    task_group clients;
    for (int n = 0; n < 16; ++n) {
      clients.spawn([&] {
        while (ask_until_closed(at, answered)) {
        }
      });
    }
    test::yield_until([&] { return answered > 500; });
    std::raise(SIGTERM);
    clients.join();
    const io::stop_report report = stopping.join();
    EXPECT_EQ(report.how, io::stop_kind::drained);
    EXPECT_EQ(report.signals, std::vector<int>{SIGTERM});
  });
  EXPECT_EQ(answered, begun);
}

TEST(http_stop_signal, second_ends_what_takes_too_long) {
  server_config config;
  config.drain = 1h;
  server serves(config);
  serves.get("/", [](const request&) {
    this_fiber::sleep_for(1h);
    return response::text("never");
  });
  served_until_signals(serves, [&](const io::endpoint& at, task<io::stop_report>& stopping) {
    io::tcp_stream client = io::tcp_stream::connect(at);
    client.write_all(test::bytes(plain));
    test::yield_until([&] { return serves.stats().requests == 1; });
    std::raise(SIGTERM);
    test::yield_until([&] {  // until newcomers are refused
      std::error_code refused;
      io::tcp_stream::connect(at, refused);
      return refused == std::errc::connection_refused;
    });
    EXPECT_FALSE(stopping.done());
    std::raise(SIGTERM);
    EXPECT_EQ(stopping.join().how, io::stop_kind::at_once);
    std::error_code error;
    std::string piece(100, '\0');
    EXPECT_EQ(client.read_some(test::room_in(piece), error), 0U);
    EXPECT_EQ(error, std::errc::connection_reset) << "half an answer is none";
  });
}

}  // namespace
}  // namespace heddle::http
