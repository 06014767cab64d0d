// SPDX-License-Identifier: MIT
// io's streams and listeners over a simulated network. Its faults: network_faults_test.cpp.
#include <heddle/io/serve.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>
#include <heddle/testing/cancel_sweep.hpp>
#include <heddle/testing/explore.hpp>
#include <heddle/testing/simulation.hpp>

#include "testing/simulated_hosts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace {

using namespace std::chrono_literals;
using heddle::io::endpoint;
using heddle::io::tcp_listener;
using heddle::io::tcp_stream;
using heddle::test::ask;
using heddle::test::at;
using heddle::test::bytes;
using heddle::test::echo;
using heddle::test::read_all;
using heddle::testing::simulation;

/// Returns how long a question and its answer take between two hosts, connecting included.
std::chrono::nanoseconds ask_time(simulation& sim) {
  heddle::task_group both;
  both.spawn([&] { sim.net().on("server", [&] { echo(sim, 1); }); });
  heddle::this_fiber::sleep_for(1us);  // until it listens
  const auto began = heddle::clock::now();
  sim.net().on("client", [&] { ask(sim, "?"); });
  const auto took = heddle::clock::now() - began;
  both.join();
  return took;
}

/// A server on one host and `clients` on another, each of which gets back what it sent.
void echo_between_hosts(simulation& sim, int clients, std::size_t length) {
  heddle::task_group all;
  all.spawn([&] { sim.net().on("server", [&] { echo(sim, clients); }); });
  heddle::this_fiber::sleep_for(1ms);  // until it listens
  for (int n = 0; n < clients; ++n) {
    all.spawn([&sim, n, length] {
      const std::string text(length, static_cast<char>('a' + n));
      const std::string answer = sim.net().on("client", [&] { return ask(sim, text); });
      if (answer != text) throw std::runtime_error("an echo differs");
    });
  }
  all.join();
}

TEST(network, connects_a_pair_of_streams) {
  simulation sim(1);
  sim.net().set_link("left", "right", {.latency = 5ms});
  sim.run([&] {
    auto [near, far] = sim.net().connected_pair();
    near.write_all(bytes("at home"));
    near.shutdown_write();
    EXPECT_EQ(read_all(far), "at home");
    EXPECT_EQ(sim.elapsed(), 0ns);
    auto [left, right] = sim.net().connected_pair("left", "right");
    right.write_all(bytes("across"));
    right.shutdown_write();
    EXPECT_EQ(read_all(left), "across");
    EXPECT_EQ(sim.elapsed(), 15ms);  // there and back, and what was sent
    sim.net().crash("left");
    std::error_code error;
    left.write_all(bytes("?"), error);
    EXPECT_EQ(error, std::errc::network_down);
    sim.net().part("left", "right");
    EXPECT_THROW(sim.net().connected_pair("right", "left"), std::system_error);
  });
}

TEST(network, carries_an_echo_between_hosts) {
  simulation sim(1);
  sim.run([&] { echo_between_hosts(sim, 3, 1000); });
  EXPECT_EQ(sim.net().stats().connections, 3U);
  EXPECT_EQ(sim.net().stats().bytes, 6000U);
}

TEST(network, has_latency) {
  simulation sim(1);
  sim.net().set_link("client", "server", {.latency = 10ms});
  sim.run([&] { echo_between_hosts(sim, 1, 10); });
  // There and back for the connection, there and back for the bytes; the end rides along.
  EXPECT_GE(sim.elapsed(), 41ms);
  EXPECT_LT(sim.elapsed(), 60ms);
}

TEST(network, gives_the_same_bytes_with_small_windows_segments_and_short_writes) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    simulation sim(seed);
    sim.net().set_links({.latency = 1ms,
                         .jitter = 3ms,
                         .window = 1 + seed * 7,
                         .segment = 1 + seed % 5,
                         .short_writes = seed % 2 == 0});
    sim.run([&] { echo_between_hosts(sim, 2, 200); });
  }
}

TEST(network, the_same_seed_gives_the_same_run) {
  const auto digest = [](std::uint64_t seed) {
    simulation sim(seed);
    sim.net().set_links({.latency = 1ms, .jitter = 1ms, .segment = 3, .short_writes = true});
    sim.run([&] { echo_between_hosts(sim, 3, 50); });
    return std::pair(sim.digest(), sim.trace());
  };
  EXPECT_EQ(digest(7), digest(7));
  EXPECT_NE(digest(7).first, digest(8).first);
}

TEST(network, refuses_where_nobody_listens) {
  simulation sim(1);
  sim.run([&] {
    std::error_code error;
    tcp_stream::connect(at(sim, "server", "80"), error);
    EXPECT_EQ(error, std::errc::connection_refused);
    tcp_stream::connect(endpoint("127.0.0.1:80"), error);
    EXPECT_EQ(error, std::errc::connection_refused);
    tcp_stream::connect(endpoint("192.0.2.1:80"), error);
    EXPECT_EQ(error, std::errc::network_unreachable);
  });
  EXPECT_EQ(sim.net().stats().refused, 2U);
}

TEST(network, a_slow_reader_holds_up_the_writer_and_bounds_what_is_under_way) {
  simulation sim(1);
  sim.net().set_links({.window = 1000});
  sim.run([&] {
    heddle::task_group all;
    std::size_t written = 0;
    tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
    all.spawn([&] {
      tcp_stream stream = tcp_stream::connect(listener.local_endpoint());
      for (int n = 0; n < 100; ++n) {
        written += stream.write_some(bytes(std::string(100, 'x')));
      }
    });
    tcp_stream stream = listener.accept();
    heddle::this_fiber::sleep_for(1s);
    EXPECT_EQ(written, 1000U);
    const std::size_t read = read_all(stream).size();
    all.join();
    EXPECT_EQ(read, written);
    EXPECT_GT(read, 5000U);
  });
}

TEST(network, half_close_leaves_the_other_direction_open) {
  simulation sim(1);
  sim.run([&] {
    tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
    tcp_stream client = tcp_stream::connect(listener.local_endpoint());
    tcp_stream server = listener.accept();
    client.shutdown_write();
    EXPECT_EQ(read_all(server), "");
    server.write_all(bytes("still here"));
    server.close();
    EXPECT_EQ(read_all(client), "still here");
  });
}

TEST(network, serve_runs_on_it) {
  simulation sim(3);
  sim.run([&] {
    tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
    const endpoint where = listener.local_endpoint();
    heddle::cancel_scope serving;
    heddle::task_group all;
    all.spawn([&] {
      serving.run([&] {
        heddle::io::serve(listener, [](tcp_stream stream) { stream.write_all(bytes("hi")); });
      });
    });
    for (int n = 0; n < 5; ++n) {
      tcp_stream stream = tcp_stream::connect(where);
      EXPECT_EQ(read_all(stream), "hi");
    }
    serving.cancel();
    all.join();
  });
}

/// A program on the network of whatever simulation runs it, on loopback.
void echo_on_loopback() {
  tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
  heddle::task_group all;
  all.spawn([&] {
    tcp_stream stream = listener.accept();
    std::array<std::byte, 8> piece;
    while (const std::size_t more = stream.read_some(piece)) {
      stream.write_all(std::span(piece).first(more));
    }
  });
  tcp_stream stream = tcp_stream::connect(listener.local_endpoint());
  stream.write_all(bytes("a few bytes, and some more"));
  stream.shutdown_write();
  if (read_all(stream) != "a few bytes, and some more") throw std::runtime_error("it differs");
  all.join();
}

TEST(network, what_fibers_change_is_for_their_run_and_what_stands_before_for_all) {
  simulation sim(1);
  sim.net().set_links({.latency = 10ms});
  for (int run = 0; run < 2; ++run) {
    sim.run([&sim] {
      EXPECT_EQ(ask_time(sim), 40ms);
      sim.net().set_links({.latency = 1ms});
      EXPECT_EQ(ask_time(sim), 4ms);
      sim.net().part("server", "client");
    });
  }
}

TEST(network, programs_that_are_explored_reach_theirs) {
  const auto found = heddle::testing::explore([] {
    auto net = heddle::testing::network::current();
    net.set_links({.latency = 5ms});
    const auto began = heddle::clock::now();
    std::error_code error;
    tcp_stream::connect(endpoint(net.address("elsewhere") + ":80"), error);
    if (heddle::clock::now() - began != 10ms) throw std::runtime_error("not the link that was set");
  });
  EXPECT_FALSE(found) << found->what;
  EXPECT_THROW(heddle::testing::network::current(), std::logic_error);
}

TEST(network, an_echo_is_swept) {
  const auto report = heddle::testing::cancel_sweep(echo_on_loopback);
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_GT(report.points, 10U);
}

TEST(network, an_echo_is_explored) {
  heddle::testing::explore_options options;
  options.seeds = 100;
  const auto found = heddle::testing::explore(echo_on_loopback, options);
  EXPECT_FALSE(found) << found->what << found->trace;
}

}  // namespace
