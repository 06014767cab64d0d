// SPDX-License-Identifier: MIT
// The client cancelled at each of its suspension points, over a pool of one connection, and under
// many schedules: no slot, connection or fiber is lost.
#include <heddle/http/client.hpp>
#include <heddle/io/serve.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/cancel_sweep.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/support/answering.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace heddle::http {
namespace {

using testing::sweep_options;
using testing::sweep_report;

/// Answers requests whose body is `x`s with 20 bytes, until the client ends.
void answer_all(io::tcp_stream& from) {
  std::error_code error;
  for (;;) {
    const std::string head = test::read_request(from);
    if (head.empty()) return;
    const std::size_t at = head.find("Content-Length: ");
    if (at != std::string::npos) {
      std::string body(std::stoul(head.substr(at + 16)), '\0');
      from.read_exactly(test::room_in(body), error);
    }
    from.write_all(test::bytes("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"), error);
    from.write_all(test::bytes("a body of 20 bytes.."), error);
    if (error) return;
  }
}

/// A client of its own for each run, with one connection at most, and a server beside it.
struct one_connection {
  std::unique_ptr<client> asks;

  void with_server(const std::function<void(const std::string&)>& talk) {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    const std::string at = "http://" + listener.local_endpoint().to_string() + "/";
    task<void> serving = spawn([&] { io::serve(listener, answer_all, {.drain = {}}); });
    talk(at);
    asks->close();
    listener.close();
    serving.join();
  }

  sweep_options options() {
    sweep_options made;
    made.before = [this] {
      client_config config;
      config.connections = 1;
      asks = std::make_unique<client>(config);
    };
    made.after = [this] {
      const client_stats left = asks->stats();
      if (left.open != left.idle) throw std::runtime_error("a slot is lost");
      if (left.waiting != 0) throw std::runtime_error("somebody is still in the queue");
      asks.reset();
    };
    return made;
  }

  void sweep(const std::function<void(const std::string&)>& talk, std::uint64_t least_points) {
    const sweep_report report = testing::cancel_sweep([&] { with_server(talk); }, options());
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_GE(report.points, least_points);
  }
};

TEST(client_sweep, a_get_loses_nothing_wherever_it_is_cancelled) {
  one_connection one;
  one.sweep([&](const std::string& at) { one.asks->get(at); }, 5);
}

TEST(client_sweep, a_post_that_is_sent_by_a_fiber_of_its_own_loses_nothing) {
  one_connection one;
  one.sweep([&](const std::string& at) { one.asks->post(at, std::string(100'000, 'x')); }, 10);
}

TEST(client_sweep, a_stream_loses_nothing) {
  struct slow_sink {
    std::size_t write_some(std::span<const std::byte> from, std::error_code& error) {
      error.clear();
      this_fiber::yield();
      return std::min<std::size_t>(from.size(), 3);
    }
  };
  one_connection one;
  one.sweep(
      [&](const std::string& at) {
        slow_sink to;
        one.asks->stream(client_request("GET", at), to);
      },
      10);
}

TEST(client_sweep, two_that_wait_for_one_connection_lose_nothing) {
  one_connection one;
  one.sweep(
      [&](const std::string& at) {
        task_group both;
        both.spawn([&] { one.asks->get(at); });
        both.spawn([&] { one.asks->get(at); });
        both.join();
      },
      10);
}

TEST(client_sweep, under_many_schedules_three_share_one_connection) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    testing::simulation run({.seed = seed});
    run.run([&] {
      one_connection one;
      one.options().before();
      int answered = 0;
      one.with_server([&](const std::string& at) {
        task_group all;
        for (int i = 0; i < 3; ++i) {
          all.spawn([&] { answered += one.asks->get(at).body() == "a body of 20 bytes.."; });
        }
        all.join();
        EXPECT_EQ(one.asks->stats().connections, 1U) << "seed " << seed;
      });
      EXPECT_EQ(answered, 3) << "seed " << seed;
      EXPECT_EQ(one.asks->stats().open, 0U) << "seed " << seed;
    });
  }
}

}  // namespace
}  // namespace heddle::http
