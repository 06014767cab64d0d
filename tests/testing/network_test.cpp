// SPDX-License-Identifier: MIT
// io's streams and listeners over a simulated network, and its faults.
#include <heddle/io/serve.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>
#include <heddle/testing/cancel_sweep.hpp>
#include <heddle/testing/explore.hpp>
#include <heddle/testing/simulation.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace {

using namespace std::chrono_literals;
using heddle::io::endpoint;
using heddle::io::tcp_listener;
using heddle::io::tcp_stream;
using heddle::testing::link_options;
using heddle::testing::simulation;
using heddle::testing::simulation_options;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string read_all(tcp_stream& from, std::error_code& error) {
  std::string text;
  std::array<char, 64> piece{};
  while (const std::size_t bytes =
             from.read_some(std::as_writable_bytes(std::span(piece)), error)) {
    text.append(piece.data(), bytes);
  }
  return text;
}

std::string read_all(tcp_stream& from) {
  std::error_code error;
  std::string text = read_all(from, error);
  if (error) throw std::system_error(error);
  return text;
}

endpoint at(simulation& sim, std::string_view host, std::string_view port) {
  return endpoint(sim.net().address(host) + ":" + std::string(port));
}

/// Echoes `connections` streams, one after the other, until each ends.
void echo(simulation& sim, int connections) {
  tcp_listener listener = tcp_listener::bind(at(sim, "server", "80"));
  heddle::task_group all;
  for (int n = 0; n < connections; ++n) {
    all.spawn([stream = listener.accept()]() mutable {
      std::array<std::byte, 32> piece;
      while (const std::size_t bytes = stream.read_some(piece)) {
        stream.write_all(std::span(piece).first(bytes));
      }
    });
  }
  all.join();
}

/// Sends `text` to the server and returns what comes back.
std::string ask(simulation& sim, std::string_view text) {
  tcp_stream stream = tcp_stream::connect(at(sim, "server", "80"));
  heddle::task_group both;
  both.spawn([&] {
    stream.write_all(bytes_of(text));
    stream.shutdown_write();
  });
  std::string answer = read_all(stream);
  both.join();
  return answer;
}

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

TEST(network, a_connect_across_a_partition_takes_as_long_as_its_limit) {
  simulation sim(1);
  sim.net().part("main", "server");
  sim.run([&] {
    std::error_code error;
    tcp_stream::connect(at(sim, "server", "80"), {.timeout = 3s}, error);
    EXPECT_EQ(error, std::errc::timed_out);
  });
  EXPECT_GE(sim.elapsed(), 3s);
  EXPECT_LT(sim.elapsed(), 4s);
}

TEST(network, what_a_partition_held_up_arrives_when_it_heals) {
  simulation sim(1);
  sim.run([&] {
    heddle::task_group all;
    all.spawn([&] { sim.net().on("server", [&] { echo(sim, 1); }); });
    heddle::this_fiber::sleep_for(1ms);
    tcp_stream stream = tcp_stream::connect(at(sim, "server", "80"));
    sim.net().part("main", "server");
    stream.write_all(bytes_of("held up"));
    stream.shutdown_write();
    EXPECT_FALSE(heddle::move_on_after(5s, [&] { read_all(stream); }));
    sim.net().heal("main", "server");
    EXPECT_EQ(read_all(stream), "held up");
    all.join();
  });
}

TEST(network, a_silent_peer_is_given_up) {
  simulation sim(1);
  sim.run([&] {
    heddle::task_group all;
    all.spawn([&] { sim.net().on("server", [&] { echo(sim, 1); }); });
    heddle::this_fiber::sleep_for(1ms);
    tcp_stream stream = tcp_stream::connect(at(sim, "server", "80"));
    stream.set_give_up_after(7s);
    sim.net().part("main", "server");
    stream.write_all(bytes_of("hello?"));
    std::error_code error;
    read_all(stream, error);
    EXPECT_EQ(error, std::errc::timed_out);
    all.cancel();
    all.join();
  });
  EXPECT_GE(sim.elapsed(), 7s);
  EXPECT_LT(sim.elapsed(), 8s);
}

TEST(network, a_lost_connection_is_a_reset_at_both_ends) {
  simulation sim(1);
  sim.run([&] {
    heddle::task_group all;
    std::error_code at_server;
    all.spawn([&] {
      sim.net().on("server", [&] {
        tcp_listener listener = tcp_listener::bind(at(sim, "server", "80"));
        tcp_stream stream = listener.accept();
        read_all(stream, at_server);
      });
    });
    heddle::this_fiber::sleep_for(1ms);
    tcp_stream stream = tcp_stream::connect(at(sim, "server", "80"));
    all.spawn([&] {
      heddle::this_fiber::sleep_for(1s);
      sim.net().reset_connections("main", "server");
    });
    std::error_code here;
    read_all(stream, here);
    all.join();
    EXPECT_EQ(here, std::errc::connection_reset);
    EXPECT_EQ(at_server, std::errc::connection_reset);
  });
}

TEST(network, after_a_crash_the_peer_learns_only_when_it_is_answered) {
  simulation sim(1);
  sim.run([&] {
    heddle::task_group all;
    std::error_code at_server;
    all.spawn([&] {
      sim.net().on("server", [&] {
        tcp_listener listener = tcp_listener::bind(at(sim, "server", "80"));
        tcp_stream stream = listener.accept();
        read_all(stream, at_server);
      });
    });
    heddle::this_fiber::sleep_for(1ms);
    tcp_stream stream = tcp_stream::connect(at(sim, "server", "80"));
    heddle::this_fiber::sleep_for(1s);
    sim.net().crash("server");
    all.join();
    EXPECT_EQ(at_server, std::errc::network_down);
    stream.write_all(bytes_of("are you there?"));
    std::error_code error;
    EXPECT_FALSE(heddle::move_on_after(5s, [&] { read_all(stream, error); }));
    sim.net().restart("server");
    stream.write_all(bytes_of("and now?"));
    read_all(stream, error);
    EXPECT_EQ(error, std::errc::connection_reset);
    EXPECT_EQ(sim.net().on("client",
                           [&] {
                             heddle::task_group again;
                             again.spawn([&] { sim.net().on("server", [&] { echo(sim, 1); }); });
                             heddle::this_fiber::sleep_for(1ms);
                             return ask(sim, "fresh");
                           }),
              "fresh");
  });
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
        written += stream.write_some(bytes_of(std::string(100, 'x')));
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
    server.write_all(bytes_of("still here"));
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
        heddle::io::serve(listener, [](tcp_stream stream) { stream.write_all(bytes_of("hi")); });
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

TEST(network, a_port_is_taken_once_a_host) {
  simulation sim(1);
  sim.run([&] {
    const auto bind_on = [&](std::string_view host) {
      std::error_code error;
      return sim.net().on(host, [&] {
        auto bound = tcp_listener::bind(endpoint("0.0.0.0:80"), error);
        return std::pair(std::move(bound), error);
      });
    };
    const auto first = bind_on("one");
    EXPECT_FALSE(first.second);
    EXPECT_EQ(bind_on("one").second, std::errc::address_in_use);
    EXPECT_FALSE(bind_on("two").second);
    std::error_code error;
    tcp_listener::bind(at(sim, "elsewhere", "80"), error);
    EXPECT_EQ(error, std::errc::address_not_available);
  });
}

TEST(network, bad_links_are_named) {
  simulation sim;
  EXPECT_THROW(sim.net().set_links({.latency = -1ms}), std::invalid_argument);
  EXPECT_THROW(sim.net().set_links({.window = 0}), std::invalid_argument);
  EXPECT_THROW(sim.net().set_link("a", "b", {.segment = 0}), std::invalid_argument);
}

/// A program on the network of whatever simulation runs it, on loopback.
void echo_on_loopback() {
  tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
  heddle::task_group all;
  all.spawn([&] {
    tcp_stream stream = listener.accept();
    std::array<std::byte, 8> piece;
    while (const std::size_t bytes = stream.read_some(piece)) {
      stream.write_all(std::span(piece).first(bytes));
    }
  });
  tcp_stream stream = tcp_stream::connect(listener.local_endpoint());
  stream.write_all(bytes_of("a few bytes, and some more"));
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
