// SPDX-License-Identifier: MIT
// Clients that vanish without a word, which a partition of a simulated network stands for: which of
// a server's limits ends each, and after how long; and what ends them where the limits do not.
#include <heddle/http/server.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/support/longest.hpp"
#include "http/support/served.hpp"
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

constexpr std::string_view plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// What a client has done when it vanishes, and what becomes of its connection.
struct silence {
  std::string said;
  bool has_answer = false;  ///< and has read it
  std::function<std::uint64_t(const server&)> counted;
  std::chrono::seconds ended;
};

std::vector<silence> silences() {
  const auto idle = [](const server& of) { return of.stats().idle_closed; };
  const auto timed_out = [](const server& of) { return of.refused(408); };
  const auto stalled = [](const server& of) { return of.stats().write_stalls; };
  return {
      {"", false, idle, 10s},
      {"GET / HTTP/1.1\r\nHo", false, timed_out, 10s},
      {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf", false, timed_out, 5s},
      {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", false,
       timed_out, 5s},
      {"GET /large HTTP/1.1\r\nHost: h\r\n\r\n", false, stalled, 30s},
      {std::string(plain), true, idle, 60s},
  };
}

/// Serves on a host of its own while `talk(world, endpoint, serving)` runs on another.
template <class Talk>
void served_elsewhere(server& serves, Talk talk) {
  serves.get("/", [](const request&) { return response::text("hello"); });
  serves.post("/echo",
              [](const request& asked) { return response::text(std::string(asked.body())); });
  serves.get("/large", [](const request&) { return response::text(std::string(1 << 20, 'x')); });
  simulation world({.seed = 5});
  world.run([&] {
    task<void> serving;
    const io::endpoint at = world.net().on("server", [&] {
      auto listener = io::tcp_listener::bind(test::at(world, "server", "80"));
      const io::endpoint bound = listener.local_endpoint();
      serving = spawn([&serves, from = std::move(listener)]() mutable { serves.serve(from); });
      return bound;
    });
    talk(world, at, serving);
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

/// Connects, does what it did, and is cut off.
io::tcp_stream vanished(simulation& world, const io::endpoint& at, const silence& each) {
  io::tcp_stream client = io::tcp_stream::connect(at);
  client.write_all(bytes(each.said));
  if (each.has_answer) {
    test::read_head(client);
    test::read_exactly(client, 5);
  }
  this_fiber::sleep_for(1ms);  // until it has arrived
  world.net().part("main", "server");
  return client;
}

/// Returns how long it takes until `holds()`, in whole seconds; an hour if it does not.
template <class Holds>
std::chrono::seconds time_until(Holds holds) {
  const auto began = clock::now();
  while (!holds() && clock::now() - began < 1h) this_fiber::sleep_for(100ms);
  return std::chrono::duration_cast<std::chrono::seconds>(clock::now() - began);
}

TEST(http_silent_client, is_ended_by_the_limit_of_what_it_was_at) {
  for (const silence& each : silences()) {
    server serves;
    served_elsewhere(serves, [&](simulation& world, const io::endpoint& at, task<void>& serving) {
      const io::tcp_stream client = vanished(world, at, each);
      EXPECT_EQ(time_until([&] { return each.counted(serves) == 1; }), each.ended) << each.said;
      this_fiber::sleep_for(3s);  // the server lingers
      serving.cancel();
      EXPECT_EQ(time_until([&] { return serving.done(); }), 0s) << "nothing is left: " << each.said;
    });
  }
}

TEST(http_silent_client, is_given_up_by_tcp_where_the_server_would_wait_for_ever) {
  for (const silence& each : silences()) {
    server serves(test::longest<server_config>());
    served_elsewhere(serves, [&](simulation& world, const io::endpoint& at, task<void>&) {
      const auto live = [] { return runtime::current().stats().live_tasks; };
      this_fiber::sleep_for(1s);  // until it serves
      const std::uint64_t before = live();
      const io::tcp_stream client = vanished(world, at, each);
      EXPECT_GT(live(), before) << each.said;
      const auto took = time_until([&] { return live() == before; });
      EXPECT_GE(took, 119s) << each.said;  // what stream_options say, from the last that was heard
      EXPECT_LE(took, 121s) << each.said;
    });
  }
}

TEST(http_silent_client, holds_up_nobody_else) {
  server serves;
  served_elsewhere(serves, [&](simulation& world, const io::endpoint& at, task<void>&) {
    std::vector<io::tcp_stream> vanished_ones;
    for (const silence& each : silences()) {
      vanished_ones.push_back(vanished(world, at, each));
      world.net().heal("main", "server");
    }
    world.net().part("main", "server");
    for (int hour = 0; hour < 5; ++hour) {
      world.net().on("elsewhere", [&] {
        io::tcp_stream other = io::tcp_stream::connect(at);
        other.write_all(bytes(plain));
        EXPECT_EQ(test::read_head(other).substr(0, 15), "HTTP/1.1 200 OK");
      });
      this_fiber::sleep_for(1h);
    }
    EXPECT_EQ(serves.stats().idle_closed + serves.refused(408) + serves.stats().write_stalls,
              silences().size());
  });
}

}  // namespace
}  // namespace heddle::http
