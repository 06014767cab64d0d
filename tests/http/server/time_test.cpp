// SPDX-License-Identifier: MIT
// How long a server waits for whom, to the second, in simulated time; and how it ends.
#include <heddle/http/server.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;
using test::bytes;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

server_config quiet() {
  server_config config;
  config.on_failure = [](const handler_failure&) {};
  return config;
}

/// Runs `talk(endpoint, serving)` beside a server with a few routes, under a seed. Returns what
/// became of the server's counters.
template <class Talk>
void simulated(server& serves, Talk talk) {
  serves.get("/", [](const request&) { return response::text("hello"); });
  serves.post("/echo",
              [](const request& asked) { return response::text(std::string(asked.body())); });
  serves.get("/slow", [](const request&) {
    this_fiber::sleep_for(20s);
    return response::text("slow");
  });
  serves.get("/large", [](const request&) {
    return response::text(std::string(std::size_t{10} << 20, 'x'));
  });
  heddle::testing::simulation world({.seed = 7});
  world.run([&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    const io::endpoint at = listener.local_endpoint();
    task<void> serving = spawn([&] { serves.serve(listener); });
    talk(at, serving);
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

/// Returns how long `wait` takes, in whole seconds.
template <class Wait>
long seconds_of(Wait wait) {
  const auto began = clock::now();
  wait();
  return std::chrono::duration_cast<std::chrono::seconds>(clock::now() - began).count();
}

TEST(http_server_time, a_head_has_ten_seconds_however_it_drips) {
  server serves(quiet());
  simulated(serves, [](const io::endpoint& at, task<void>&) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    std::string got;
    EXPECT_EQ(seconds_of([&] {
                task<void> drips = spawn([&] {
                  std::error_code error;
                  for (const char c : std::string(60, 'G')) {
                    stream.write_all(bytes(std::string_view(&c, 1)), error);
                    this_fiber::sleep_for(1s);
                    if (error) return;
                  }
                });
                got = test::read_all(stream);
                drips.cancel();
                EXPECT_THROW(drips.join(), task_cancelled);
              }),
              10);
    EXPECT_THAT(got, StartsWith("HTTP/1.1 408 "));
  });
  EXPECT_EQ(serves.refused(408), 1U);
}

TEST(http_server_time, the_first_head_has_its_time_from_the_connections_start_on) {
  server serves(quiet());
  simulated(serves, [](const io::endpoint& at, task<void>&) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    EXPECT_EQ(seconds_of([&] {
                this_fiber::sleep_for(9s);
                stream.write_all(bytes("GET / "));
                EXPECT_THAT(test::read_all(stream), StartsWith("HTTP/1.1 408 "));
              }),
              10);
  });
}

TEST(http_server_time, who_says_nothing_is_closed_without_an_answer) {
  server serves(quiet());
  simulated(serves, [](const io::endpoint& at, task<void>&) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    EXPECT_EQ(seconds_of([&] { EXPECT_EQ(test::read_all(stream), ""); }), 10);
    io::tcp_stream second = io::tcp_stream::connect(at);
    second.write_all(bytes(plain));
    EXPECT_EQ(seconds_of([&] { EXPECT_THAT(test::read_all(second), EndsWith("hello")); }), 60);
  });
  EXPECT_EQ(serves.stats().idle_closed, 2U);
}

TEST(http_server_time, a_client_that_comes_back_after_a_while_is_answered) {
  server serves(quiet());
  simulated(serves, [](const io::endpoint& at, task<void>&) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    for (const auto pause : {0s, 5s, 59s, 0s, 30s}) {
      this_fiber::sleep_for(pause);
      stream.write_all(bytes(plain));
      EXPECT_THAT(test::read_head(stream), StartsWith("HTTP/1.1 200"));
      EXPECT_EQ(test::read_exactly(stream, 5), "hello");
    }
  });
}

TEST(http_server_time, a_body_that_comes_too_slowly_is_408) {
  server serves(quiet());
  simulated(serves, [](const io::endpoint& at, task<void>&) {
    const auto send_at = [&](std::size_t bytes_per_second, std::size_t total) {
      io::tcp_stream stream = io::tcp_stream::connect(at);
      stream.write_all(
          bytes("POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                "Content-Length: " +
                std::to_string(total) + "\r\n\r\n"));
      task<void> sends = spawn([&] {
        std::error_code error;
        for (std::size_t sent = 0; sent < total && !error; sent += bytes_per_second) {
          stream.write_all(bytes(std::string(bytes_per_second, 'b')), error);
          this_fiber::sleep_for(1s);
        }
      });
      const std::string got = test::read_all(stream);
      sends.cancel();
      return got.substr(0, got.find("\r\n"));
    };
    EXPECT_EQ(send_at(1000, 30'000), "HTTP/1.1 200 OK");
    EXPECT_EQ(seconds_of([&] { EXPECT_EQ(send_at(1, 1000), "HTTP/1.1 408 Request Timeout"); }), 5);
    EXPECT_EQ(send_at(200, 30'000), "HTTP/1.1 408 Request Timeout");
  });
  EXPECT_EQ(serves.refused(408), 2U);
}

TEST(http_server_time, a_limit_may_be_as_long_as_can_be_said) {
  constexpr auto longest = std::chrono::nanoseconds::max();
  server_config config = quiet();
  config.header_timeout = config.idle_timeout = config.body_grace = longest;
  config.write_timeout = config.drain = longest;
  server serves(config);
  simulated(serves, [](const io::endpoint& at, task<void>&) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    for (const std::string_view piece :
         {"POST /echo HTTP/1.1\r\nHo", "st: h\r\nConnection: close\r\nContent-Length: 12\r\n\r\n",
          "four", "more", "last"}) {
      stream.write_all(bytes(piece));
      this_fiber::sleep_for(1h);
    }
    EXPECT_THAT(test::read_all(stream), EndsWith("\r\n\r\nfourmorelast"));
  });
}

TEST(http_server_time, a_body_that_was_not_asked_for_is_not_waited_for) {
  server serves(quiet());
  serves.stream("POST", "/ignores", [](request_reader&, response_writer& out) { out.write("x"); });
  simulated(serves, [](const io::endpoint& at, task<void>&) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    stream.write_all(
        bytes("POST /ignores HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
              "Expect: 100-continue\r\n\r\n"));
    std::string got;
    EXPECT_EQ(seconds_of([&] { got = test::read_all(stream); }), 0);
    EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n"));
  });
}

TEST(http_server_time, a_client_that_takes_nothing_is_dropped) {
  server serves(quiet());
  simulated(serves, [&](const io::endpoint& at, task<void>&) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    stream.write_all(bytes("GET /large HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_EQ(seconds_of([&] {
                while (serves.stats().write_stalls == 0) this_fiber::sleep_for(100ms);
              }),
              30);
    std::error_code error;
    std::string piece(65536, '\0');
    while (stream.read_some(test::room_in(piece), error) != 0) {
    }
    EXPECT_EQ(error, std::errc::connection_reset);
  });
}

TEST(http_server_time, a_slow_client_that_takes_something_is_served) {
  server serves(quiet());
  simulated(serves, [&](const io::endpoint& at, task<void>&) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    stream.write_all(bytes("GET /large HTTP/1.0\r\n\r\n"));
    std::size_t all = 0;
    std::string piece(1 << 20, '\0');
    while (const std::size_t more = stream.read_some(test::room_in(piece))) {
      all += more;
      this_fiber::sleep_for(1s);
    }
    EXPECT_GT(all, std::size_t{10} << 20);
  });
  EXPECT_EQ(serves.stats().write_stalls, 0U);
}

TEST(http_server_time, answers_do_not_wait_for_a_later_request_that_takes_long) {
  server serves(quiet());
  simulated(serves, [](const io::endpoint& at, task<void>&) {
    const auto ask_both = [&] {
      io::tcp_stream stream = io::tcp_stream::connect(at);
      stream.write_all(bytes(std::string(plain) + "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"));
      return seconds_of([&] { test::read_head(stream); });
    };
    EXPECT_EQ(ask_both(), 20) << "the first time nobody knows";
    EXPECT_EQ(ask_both(), 0);
    io::tcp_stream stream = io::tcp_stream::connect(at);
    stream.write_all(
        bytes(std::string(plain) + "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"));
    EXPECT_EQ(seconds_of([&] { test::read_head(stream); }), 0) << "a body is waited for";
  });
}

TEST(http_server_time, ends_with_what_is_under_way_answered_and_who_waits_closed) {
  server serves(quiet());
  simulated(serves, [](const io::endpoint& at, task<void>& serving) {
    io::tcp_stream idle = io::tcp_stream::connect(at);
    idle.write_all(bytes(plain));
    EXPECT_THAT(test::read_head(idle), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(test::read_exactly(idle, 5), "hello");
    io::tcp_stream busy = io::tcp_stream::connect(at);
    busy.write_all(bytes("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"));
    this_fiber::sleep_for(5s);
    serving.cancel();
    EXPECT_EQ(seconds_of([&] { EXPECT_EQ(test::read_all(idle), ""); }), 0);
    std::error_code refused;
    io::tcp_stream::connect(at, refused);
    EXPECT_EQ(refused, std::errc::connection_refused);
    std::string got;
    EXPECT_GE(seconds_of([&] { got = test::read_all(busy); }), 15);
    EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(got, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(got, EndsWith("slow"));
    busy.close();
    EXPECT_EQ(seconds_of([&] { serving.wait(); }), 0);
  });
}

TEST(http_server_time, an_answer_says_that_the_drain_closes_beside_what_its_handler_says) {
  server serves(quiet());
  serves.get("/hop", [](const request&) {
    this_fiber::sleep_for(20s);
    return response(204).set("Connection", "keep-alive, x-hop");
  });
  simulated(serves, [](const io::endpoint& at, task<void>& serving) {
    io::tcp_stream busy = io::tcp_stream::connect(at);
    busy.write_all(bytes("GET /hop HTTP/1.1\r\nHost: h\r\n\r\n"));
    this_fiber::sleep_for(5s);
    serving.cancel();
    EXPECT_EQ(test::without_dates(test::read_all(busy)),
              "HTTP/1.1 204 No Content\r\nConnection: close, x-hop\r\n\r\n");
  });
}

TEST(http_server_time, what_takes_longer_than_the_drain_is_cancelled) {
  server_config config = quiet();
  config.drain = 3s;
  server serves(config);
  simulated(serves, [](const io::endpoint& at, task<void>& serving) {
    io::tcp_stream busy = io::tcp_stream::connect(at);
    busy.write_all(bytes("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"));
    this_fiber::sleep_for(1s);
    serving.cancel();
    std::error_code error;
    std::string piece(100, '\0');
    EXPECT_EQ(seconds_of([&] { busy.read_some(test::room_in(piece), error); }), 3);
    EXPECT_EQ(error, std::errc::connection_reset) << "half an answer is none";
  });
}

TEST(http_server_time, an_answer_breaks_off_also_if_its_handler_swallows_the_cancellation) {
  server_config config = quiet();
  config.drain = 1s;
  server serves(config);
  serves.stream("GET", "/swallows", [](request_reader&, response_writer& out) {
    try {
      for (;;) out.write(std::string(100'000, 'x'));
    } catch (...) {
      EXPECT_TRUE(out.begun());
    }
  });
  simulated(serves, [](const io::endpoint& at, task<void>& serving) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    stream.write_all(bytes("GET /swallows HTTP/1.0\r\n\r\n"));
    this_fiber::sleep_for(1s);
    serving.cancel();
    this_fiber::sleep_for(5s);
    std::error_code error;  // an end would be that of the body, in HTTP/1.0
    std::string piece(65'536, '\0');
    while (stream.read_some(test::room_in(piece), error) != 0) continue;
    EXPECT_TRUE(error);
  });
}

}  // namespace
}  // namespace heddle::http
