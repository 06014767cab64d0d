// SPDX-License-Identifier: MIT
// Servers that vanish without a word, which a partition of a simulated network stands for: which of
// a client's limits ends the request, after how long, and what the error says; and what ends it
// where the limits do not.
#include <heddle/http/client.hpp>
#include <heddle/http/websocket.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/support/encrypted.hpp"
#include "http/support/longest.hpp"
#include "testing/simulated_hosts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;
using heddle::testing::simulation;
using test::bytes;
using test::error_of;

/// When a server vanishes, and how the request ends that is under way.
struct silence {
  std::string_view said;  ///< of an answer, before
  bool reads = true;      ///< the request
  client_request asked = client_request("GET", "http://h/");
  client_phase phase;
  std::error_code code = std::make_error_code(std::errc::timed_out);
  std::chrono::seconds after;
};

client_request upload() {
  return client_request("POST", "http://h/").body(std::string(500'000, 'x'));
}

std::vector<silence> silences() {
  return {
      {.said = "", .phase = client_phase::header, .after = 10s},
      {.said = "HTTP/1.1 200 OK\r\nContent-Le", .phase = client_phase::header, .after = 10s},
      {.said = "HTTP/1.1 100 Continue\r\n\r\n", .phase = client_phase::header, .after = 10s},
      {.said = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
       .phase = client_phase::body,
       .code = http_errc::too_slow,
       .after = 10s},
      {.said = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
       .phase = client_phase::body,
       .code = http_errc::too_slow,
       .after = 10s},
      {.said = "HTTP/1.1 200 OK\r\n\r\nhel",
       .phase = client_phase::body,
       .code = http_errc::too_slow,
       .after = 10s},
      {.said = "", .reads = false, .asked = upload(), .phase = client_phase::send, .after = 30s},
  };
}

/// Runs `serve(stream)` for each connection to a host of its own, while `talk("10.0.0.1:80")` runs
/// on another.
template <class Serve, class Talk>
void answered_elsewhere(simulation& world, Serve serve, Talk talk) {
  world.run([&] {
    std::string at;
    task<void> serving = world.net().on("server", [&] {
      auto listener = io::tcp_listener::bind(test::at(world, "server", "80"));
      at = listener.local_endpoint().to_string();
      return spawn([&serve, from = std::move(listener)]() mutable {
        io::serve(from, [&](io::tcp_stream& client) { serve(client); }, {.drain = 0s});
      });
    });
    talk(at);
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

/// Serves one request as far as `each` says, and vanishes.
void vanish(simulation& world, io::tcp_stream& from, const silence& each) {
  if (each.reads) test::read_request(from);
  from.write_all(bytes(each.said));
  this_fiber::sleep_for(1ms);  // until it has arrived
  world.net().part("main", "server");
  this_fiber::sleep_until(deadline::never());
}

/// Returns how long `f` takes, in whole seconds.
template <class F>
std::chrono::seconds time_of(F f) {
  const auto began = clock::now();
  f();
  return std::chrono::duration_cast<std::chrono::seconds>(clock::now() - began);
}

/// By no proxy that the environment may name: these servers are not on loopback.
client_config direct(client_config config = {}) {
  config.proxy = proxy_config{};
  return config;
}

client_request to(const std::string& at, const client_request& asked) {
  return client_request(asked.method(), "http://" + at + "/").body(asked.body());
}

TEST(http_silent_server, is_an_error_by_the_limit_of_what_the_request_was_at) {
  for (const silence& each : silences()) {
    simulation world({.seed = 5});
    const auto serve = [&](io::tcp_stream& from) { vanish(world, from, each); };
    answered_elsewhere(world, serve, [&](const std::string& at) {
      client asks(direct({.expect_continue = io::toggle::off}));
      const auto took = time_of([&] {
        const http_error found = error_of([&] { asks.request(to(at, each.asked)); });
        EXPECT_EQ(found.phase(), each.phase) << each.said << found.what();
        EXPECT_EQ(found.code(), each.code) << each.said << found.what();
      });
      EXPECT_EQ(took, each.after) << each.said;
      EXPECT_EQ(asks.stats().open, 0U) << each.said;
    });
  }
}

TEST(http_silent_server, is_given_up_by_tcp_where_the_client_would_wait_for_ever) {
  for (const silence& each : silences()) {
    simulation world({.seed = 5});
    const auto serve = [&](io::tcp_stream& from) { vanish(world, from, each); };
    answered_elsewhere(world, serve, [&](const std::string& at) {
      client asks(direct(test::longest<client_config>()));
      const auto took = time_of([&] {
        const http_error found = error_of([&] { asks.request(to(at, each.asked)); });
        const bool body = each.phase == client_phase::body;
        EXPECT_EQ(found.phase(), body ? each.phase : client_phase::header) << found.what();
        EXPECT_EQ(found.code(), std::errc::timed_out) << each.said << found.what();
      });
      EXPECT_GE(took, 119s) << each.said;  // what stream_options say
      EXPECT_LE(took, 121s) << each.said;
    });
  }
}

TEST(http_silent_server, that_cannot_be_reached_has_the_time_of_connecting) {
  simulation world({.seed = 5});
  const auto serve = [](io::tcp_stream&) { this_fiber::sleep_until(deadline::never()); };
  answered_elsewhere(world, serve, [&](const std::string& at) {
    client asks(direct(test::trusting()));
    const auto fails_in = [&](const char* scheme, client_phase phase) {
      const auto took = time_of([&] {
        const http_error found = error_of([&] { asks.get(scheme + at); });
        EXPECT_EQ(found.phase(), phase) << found.what();
        EXPECT_EQ(found.code(), std::errc::timed_out) << found.what();
      });
      EXPECT_EQ(took, 5s) << scheme;
    };
    fails_in("https://", client_phase::tls);
    world.net().part("main", "server");
    fails_in("http://", client_phase::connect);
    fails_in("https://", client_phase::connect);
  });
}

TEST(http_silent_server, of_a_websocket_is_left_in_time) {
  simulation world({.seed = 5});
  const silence nothing{.said = "", .phase = client_phase::header, .after = 10s};
  const auto serve = [&](io::tcp_stream& from) { vanish(world, from, nothing); };
  answered_elsewhere(world, serve, [&](const std::string& at) {
    websocket_client_config config;
    config.connection = direct();
    const auto took = time_of([&] {
      const http_error found = error_of([&] { websocket::connect("ws://" + at, config); });
      EXPECT_EQ(found.phase(), client_phase::header) << found.what();
    });
    EXPECT_EQ(took, 10s);
  });
}

TEST(http_silent_server, is_asked_again_over_another_connection_once_it_is_back) {
  simulation world({.seed = 5});
  const auto serve = [](io::tcp_stream& from) {
    std::error_code error;
    while (!error && !test::read_request(from).empty()) {
      from.write_all(bytes("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"), error);
    }
  };
  answered_elsewhere(world, serve, [&](const std::string& at) {
    client asks(direct());
    const std::string url = "http://" + at;
    EXPECT_EQ(asks.get(url).body(), "good");
    world.net().part("main", "server");
    const http_error found = error_of([&] { asks.get(url); });
    EXPECT_EQ(found.phase(), client_phase::header) << "on the connection that it has";
    EXPECT_EQ(found.code(), std::errc::timed_out);
    world.net().heal("main", "server");
    EXPECT_EQ(asks.get(url).body(), "good");
    EXPECT_EQ(asks.stats().connections, 2U);
  });
}

}  // namespace
}  // namespace heddle::http
