// SPDX-License-Identifier: MIT
// The client cancelled at each of its suspension points, over a pool of one connection, and under
// many schedules: no slot, connection or fiber is lost.
#include <heddle/http/client.hpp>
#include <heddle/http/websocket.hpp>
#include <heddle/io/serve.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/cancel_sweep.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/support/encrypted.hpp"
#include "runtime/support/sanitized.hpp"
#include "websocket/handshake.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

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

/// Sweeps `talk(at, trusting)` beside a TLS server that calls `serve` for each connection.
void sweep_encrypted(const std::function<void(tls::stream&)>& serve,
                     const std::function<void(const std::string&, const client_config&)>& talk) {
  // Sessions of an earlier run would make the next one another, and so would signatures that are
  // not of one length.
  tls::client_options wishes = test::test_client_options();
  wishes.session_cache_size = 0;
  client_config config;
  config.tls = wishes;
  const tls::server_config own =
      test::server_options_of(test::make_signed(test::test_authority(), {.rsa = true}));
  sweep_options options;
  for (options.seed = 1; options.seed <= (test::sanitized ? 1U : 2U); ++options.seed) {
    const sweep_report report = testing::cancel_sweep(
        [&] {
          tls::listener listener(io::tcp_listener::bind("127.0.0.1:0"), own);
          const std::string at = "127.0.0.1:" + std::to_string(listener.local_endpoint().port());
          task<void> serving = spawn([&] { tls::serve(listener, serve, {.drain = {}}); });
          talk(at, config);
          listener.close();
          serving.join();
        },
        options);
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_GE(report.points, 10U);
  }
}

TEST(client_sweep, a_get_over_https_loses_nothing) {
  const auto serve = [](tls::stream& from) {
    std::error_code error;
    while (!test::read_request(from).empty()) {
      from.write_all(test::bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), error);
    }
  };
  sweep_encrypted(serve, [](const std::string& at, const client_config& config) {
    client asks(config);
    for (int n = 0; n < 2; ++n) EXPECT_EQ(asks.get("https://" + at).body(), "ok");
    EXPECT_EQ(asks.stats().connections, 1U);
  });
}

TEST(client_sweep, opening_a_websocket_over_tls_leaves_nothing_behind) {
  const auto serve = [](tls::stream& from) {
    const std::string asked = test::read_request(from);
    const std::size_t at = asked.find("Sec-WebSocket-Key: ");
    if (at == std::string::npos) return;
    const std::string key = asked.substr(at + 19, 24);
    std::error_code error;
    from.write_all(test::bytes("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                               "Sec-WebSocket-Accept: " +
                               detail::accept_key(key) + "\r\n\r\n\x81\x02ok"),
                   error);
    from.wait_readable(error);
  };
  sweep_encrypted(serve, [](const std::string& at, const client_config& config) {
    websocket with = websocket::connect("wss://" + at, {.connection = config});
    EXPECT_EQ(with.receive()->data, "ok");
  });
}

TEST(client_sweep, opening_a_websocket_leaves_nothing_behind) {
  one_connection one;
  one.sweep(
      [](const std::string& at) {
        try {
          websocket::connect("ws" + at.substr(4));
          ADD_FAILURE() << "was taken";
        } catch (const websocket_error& found) {
          EXPECT_EQ(found.status(), 200);
        }
      },
      5);
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
          all.spawn([&] {
            answered += one.asks->get(at).body() == std::string_view("a body of 20 bytes..");
          });
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
