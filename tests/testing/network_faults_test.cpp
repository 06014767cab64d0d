// SPDX-License-Identifier: MIT
// What a simulated network does when something is wrong with it: partitions, crashes, resets. Peers
// that say or read nothing: network_silence_test.cpp.
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/simulation.hpp>

#include "testing/simulated_hosts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>
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
using heddle::test::converse;
using heddle::test::echo;
using heddle::test::read_all;
using heddle::test::read_error;
using heddle::test::sent_by;
using heddle::test::since;
using heddle::testing::simulation;
namespace this_fiber = heddle::this_fiber;

TEST(network_faults, a_connect_across_a_partition_takes_as_long_as_its_limit) {
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

TEST(network_faults, what_a_partition_held_up_arrives_when_it_heals) {
  simulation sim(1);
  sim.run([&] {
    heddle::task_group all;
    all.spawn([&] { sim.net().on("server", [&] { echo(sim, 1); }); });
    this_fiber::sleep_for(1ms);
    tcp_stream stream = tcp_stream::connect(at(sim, "server", "80"));
    sim.net().part("main", "server");
    stream.write_all(bytes("held up"));
    stream.shutdown_write();
    EXPECT_FALSE(heddle::move_on_after(5s, [&] { read_all(stream); }));
    sim.net().heal("main", "server");
    EXPECT_EQ(read_all(stream), "held up");
    all.join();
  });
}

TEST(network_faults, a_lost_connection_is_a_reset_at_both_ends) {
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
    this_fiber::sleep_for(1ms);
    tcp_stream stream = tcp_stream::connect(at(sim, "server", "80"));
    all.spawn([&] {
      this_fiber::sleep_for(1s);
      sim.net().reset_connections("main", "server");
    });
    std::error_code here;
    read_all(stream, here);
    all.join();
    EXPECT_EQ(here, std::errc::connection_reset);
    EXPECT_EQ(at_server, std::errc::connection_reset);
  });
}

TEST(network_faults, after_a_crash_the_peer_learns_only_when_it_is_answered) {
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
    this_fiber::sleep_for(1ms);
    tcp_stream stream = tcp_stream::connect(at(sim, "server", "80"));
    this_fiber::sleep_for(1s);
    sim.net().crash("server");
    all.join();
    EXPECT_EQ(at_server, std::errc::network_down);
    stream.write_all(bytes("are you there?"));
    std::error_code error;
    EXPECT_FALSE(heddle::move_on_after(5s, [&] { read_all(stream, error); }));
    sim.net().restart("server");
    stream.write_all(bytes("and now?"));
    read_all(stream, error);
    EXPECT_EQ(error, std::errc::connection_reset);
    EXPECT_EQ(sim.net().on("client",
                           [&] {
                             heddle::task_group again;
                             again.spawn([&] { sim.net().on("server", [&] { echo(sim, 1); }); });
                             this_fiber::sleep_for(1ms);
                             return ask(sim, "fresh");
                           }),
              "fresh");
  });
}

TEST(network_faults, a_partition_that_heals_changes_no_order) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    simulation sim(seed);
    sim.net().set_link("main", "server", {.latency = 5ms, .jitter = 20ms});
    EXPECT_EQ(sent_by(sim,
                      [&](tcp_stream& stream) {
                        sim.net().part("main", "server");
                        for (char each = 'a'; each < 'u'; ++each) {
                          stream.write_all(bytes(std::string(1, each)));
                          this_fiber::sleep_for(3ms);
                          if (each == 'k') sim.net().heal("main", "server");
                        }
                      }),
              "abcdefghijklmnopqrst")
        << "seed " << seed;
  }
}

TEST(network_faults, what_was_held_up_comes_before_an_end_that_was_not_due) {
  simulation sim(1);
  sim.net().set_link("main", "server", {.latency = 10ms});
  EXPECT_EQ(sent_by(sim,
                    [&](tcp_stream& stream) {
                      sim.net().part("main", "server");
                      stream.write_all(bytes("held up"));
                      this_fiber::sleep_for(15ms);
                      stream.shutdown_write();
                      this_fiber::sleep_for(5ms);
                      sim.net().heal("main", "server");
                      this_fiber::sleep_for(1s);
                    }),
            "held up");
}

TEST(network_faults, a_faster_link_overtakes_nothing_either) {
  simulation sim(1);
  sim.net().set_link("main", "server", {.latency = 50ms});
  EXPECT_EQ(sent_by(sim,
                    [&](tcp_stream& stream) {
                      sim.net().part("main", "server");
                      stream.write_all(bytes("first "));
                      this_fiber::sleep_for(60ms);
                      sim.net().heal("main", "server");
                      sim.net().set_link("main", "server", {.latency = 0ms});
                      stream.write_all(bytes("second"));
                      this_fiber::sleep_for(1s);
                    }),
            "first second");
}

TEST(network_faults, parted_again_before_it_has_arrived_it_arrives_later) {
  simulation sim(1);
  sim.net().set_link("main", "server", {.latency = 10ms});
  EXPECT_EQ(sent_by(sim,
                    [&](tcp_stream& stream) {
                      sim.net().part("main", "server");
                      stream.write_all(bytes("first "));
                      this_fiber::sleep_for(15ms);
                      sim.net().heal("main", "server");
                      this_fiber::sleep_for(5ms);
                      sim.net().part("main", "server");
                      stream.write_all(bytes("second"));
                      this_fiber::sleep_for(20ms);
                      sim.net().heal("main", "server");
                      this_fiber::sleep_for(1s);
                    }),
            "first second");
}

/// Does one thing to the link between two hosts, or waits.
void meddle(simulation& sim, std::minstd_rand& random) {
  const std::chrono::milliseconds some{random() % 20};
  switch (random() % 5) {
    case 0:
      return sim.net().part("main", "server");
    case 1:
      return sim.net().heal("main", "server");
    case 2:
      return sim.net().set_link("main", "server",
                                {.latency = some, .jitter = some / 2, .window = 1 + random() % 40});
    default:
      return this_fiber::sleep_for(some);
  }
}

TEST(network_faults, a_stream_arrives_as_it_is_whatever_becomes_of_its_link) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(static_cast<unsigned>(seed + 1));
    simulation sim(seed);
    std::string sent;
    const std::string got = sent_by(sim, [&](tcp_stream& stream) {
      heddle::task_group writing;
      writing.spawn([&] {
        for (unsigned n = 0; n < 60; ++n) {
          const std::string piece(1 + n % 7, static_cast<char>('!' + n));
          sent += piece;
          stream.write_all(bytes(piece));
          if (n % 4 == 0) this_fiber::sleep_for(3ms);
        }
      });
      for (int n = 0; n < 60; ++n) meddle(sim, random);
      sim.net().heal("main", "server");
      writing.join();
    });
    EXPECT_EQ(got, sent);
  }
}

TEST(network_faults, a_connection_that_is_lost_counts_once) {
  simulation sim(1);
  converse(
      sim, [](tcp_stream& stream) { read_error(stream); },
      [&](tcp_stream& stream) {
        sim.net().reset_connections("main", "server");
        read_error(stream);
      });
  EXPECT_EQ(sim.net().stats().resets, 1U);
}

/// Connects to a server that crashes at once, and restarts after `down`. Returns how long it took.
std::chrono::nanoseconds connect_time(std::chrono::nanoseconds down, std::error_code& error) {
  simulation sim(1);
  std::chrono::nanoseconds took{};
  sim.run([&] {
    sim.net().crash("server");
    heddle::task_group all;
    all.spawn([&] {
      this_fiber::sleep_for(down);
      sim.net().restart("server");
      sim.net().on("server", [&] {
        tcp_listener listener = tcp_listener::bind(at(sim, "server", "80"));
        this_fiber::sleep_for(1h);
      });
    });
    const auto began = heddle::clock::now();
    heddle::io::connect_options options{.timeout = 30min};
    options.stream.give_up_after = 10min;
    tcp_stream::connect(at(sim, "server", "80"), options, error);
    took = since(began);
    all.cancel();
    all.join();
  });
  return took;
}

TEST(network_faults, a_request_to_connect_is_sent_again) {
  std::error_code error;
  EXPECT_EQ(connect_time(500ms, error), 1s);
  EXPECT_FALSE(error);
  EXPECT_EQ(connect_time(2s, error), 3s);
  EXPECT_EQ(connect_time(5s, error), 7s);
  EXPECT_EQ(connect_time(62s, error), 63s);
  EXPECT_FALSE(error);
  EXPECT_EQ(connect_time(64s, error), 127s);
  EXPECT_EQ(error, std::errc::timed_out);
}

TEST(network_faults, a_request_to_connect_is_given_up_with_the_stream) {
  simulation sim(1);
  sim.net().part("main", "server");
  sim.run([&] {
    heddle::io::connect_options options{.timeout = 30min};
    options.stream.give_up_after = 10s;
    std::error_code error;
    tcp_stream::connect(at(sim, "server", "80"), options, error);
    EXPECT_EQ(error, std::errc::timed_out);
  });
  EXPECT_EQ(sim.elapsed(), 10s);
}

TEST(network_faults, a_full_backlog_is_asked_again) {
  simulation sim(1);
  sim.run([&] {
    tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"), {.backlog = 0});
    const auto where = listener.local_endpoint();
    const auto began = heddle::clock::now();
    tcp_stream first = tcp_stream::connect(where);
    EXPECT_EQ(since(began), 0s);
    heddle::task_group all;
    all.spawn([&] {
      this_fiber::sleep_for(500ms);
      listener.accept();
    });
    tcp_stream second = tcp_stream::connect(where);
    EXPECT_EQ(since(began), 1s);
    all.join();
  });
}

TEST(network_faults, a_client_that_crashed_is_not_accepted) {
  simulation sim(1);
  sim.net().set_links({.latency = 10ms});
  sim.run([&] {
    heddle::task_group all;
    all.spawn([&] {
      sim.net().on("server", [&] {
        tcp_listener listener = tcp_listener::bind(at(sim, "server", "80"));
        EXPECT_FALSE(heddle::move_on_after(30s, [&] { listener.accept(); }));
      });
    });
    all.spawn([&] {
      this_fiber::sleep_for(1ms);
      sim.net().on("client", [&] {
        std::error_code error;
        tcp_stream::connect(at(sim, "server", "80"), error);
        EXPECT_EQ(error, std::errc::network_down);
      });
    });
    this_fiber::sleep_for(5ms);
    sim.net().crash("client");
    all.join();
  });
}

TEST(network_faults, a_host_that_is_down_has_no_network) {
  simulation sim(1);
  sim.run([&] {
    tcp_listener listener = tcp_listener::bind(endpoint("0.0.0.0:80"));
    const auto connect = [&] {
      return sim.net().on("other", [&] {
        std::error_code error;
        tcp_stream::connect(at(sim, "main", "80"), error);
        return error;
      });
    };
    sim.net().crash("other");
    EXPECT_EQ(connect(), std::errc::network_down);
    sim.net().restart("other");
    EXPECT_FALSE(connect());
  });
}

}  // namespace
