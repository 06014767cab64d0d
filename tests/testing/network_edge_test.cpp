// SPDX-License-Identifier: MIT
// The edges of a simulated network: addresses and ports, what its options may be, what the seed
// decides, and handles that outlive their run.
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/explore.hpp>
#include <heddle/testing/simulation.hpp>

#include "testing/simulated_hosts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::io::endpoint;
using heddle::io::tcp_listener;
using heddle::io::tcp_stream;
using heddle::io::toggle;
using heddle::test::at;
using heddle::test::bytes;
using heddle::test::connected_pair;
using heddle::test::converse;
using heddle::test::read_all;
using heddle::test::read_exactly;
using heddle::test::stream_pair;
using heddle::testing::link_options;
using heddle::testing::simulation;

constexpr std::uint64_t seeds = 40;

/// Runs with one loop, where nothing but the network is left to decide.
simulation on_one_loop(std::uint64_t seed) { return simulation({.seed = seed, .loops = 1}); }

TEST(network_edge, a_port_is_taken_once_a_host) {
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

TEST(network_edge, bad_links_are_named) {
  simulation sim;
  EXPECT_THROW(sim.net().set_links({.latency = -1ms}), std::invalid_argument);
  EXPECT_THROW(sim.net().set_links({.window = 0}), std::invalid_argument);
  EXPECT_THROW(sim.net().set_link("a", "b", {.segment = 0}), std::invalid_argument);
}

std::string refusal_of(const link_options& options) {
  simulation sim;
  try {
    sim.net().set_links(options);
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return {};
}

TEST(network_edge, a_link_is_a_day_long_at_most) {
  constexpr auto longest = std::chrono::nanoseconds::max();
  EXPECT_EQ(refusal_of({.latency = longest}),
            "heddle::testing::link_options::latency: range 0..24 h");
  EXPECT_EQ(refusal_of({.jitter = 24h + 1ns}),
            "heddle::testing::link_options::jitter: range 0..24 h");
  EXPECT_EQ(refusal_of({.latency = 24h, .jitter = 24h}), "");
}

TEST(network_edge, jitter_is_what_the_seed_chooses_up_to_its_bound) {
  std::set<std::chrono::nanoseconds> taken;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    simulation sim = on_one_loop(seed);
    sim.net().set_links({.latency = 10ms, .jitter = 7ms});
    sim.run([&] {
      std::error_code error;
      tcp_stream::connect(at(sim, "server", "80"), error);
    });
    taken.insert(sim.elapsed());
  }
  EXPECT_GE(*taken.begin(), 20ms);
  EXPECT_LE(*taken.rbegin(), 34ms);
  EXPECT_GT(taken.size(), 5U);
}

TEST(network_edge, a_short_write_takes_what_the_seed_chooses) {
  const auto taken_by = [](bool short_writes) {
    std::set<std::size_t> taken;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      simulation sim(seed);
      sim.net().set_links({.short_writes = short_writes});
      converse(
          sim, [](tcp_stream& stream) { read_all(stream); },
          [&](tcp_stream& stream) { taken.insert(stream.write_some(bytes("0123456789"))); });
    }
    return taken;
  };
  EXPECT_EQ(taken_by(false), std::set<std::size_t>{10});
  EXPECT_EQ(taken_by(true), (std::set<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(network_edge, what_arrives_at_the_same_time_does_so_in_either_order) {
  std::set<bool> first_came_first;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    simulation sim = on_one_loop(seed);
    sim.net().set_links({.latency = 10ms});
    sim.run([&] {
      tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
      heddle::task_group all;
      for (int n = 0; n < 2; ++n) {
        all.spawn([&] { tcp_stream::connect(listener.local_endpoint()); });
      }
      all.join();
      // Ports are given in the order of the calls; newcomers queue as they have come.
      const auto one = listener.accept().peer_endpoint().port();
      first_came_first.insert(one < listener.accept().peer_endpoint().port());
    });
  }
  EXPECT_EQ(first_came_first.size(), 2U);
}

TEST(network_edge, what_has_arrived_need_not_be_seen_at_once) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    simulation sim = on_one_loop(seed);
    sim.net().set_links({.latency = 10ms});
    sim.run([&] {
      stream_pair one = connected_pair();
      stream_pair other = connected_pair();
      one.near.write_all(bytes("x"));
      other.near.write_all(bytes("y"));
      EXPECT_EQ(read_exactly(other.far, 1), "y");
      seen.insert(sim.net().stats().bytes);  // both are due
    });
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{1, 2}));
}

/// Who accepts what is sent to a port that two listeners share.
std::set<std::size_t> accepted_by(const std::vector<std::string>& addresses, std::string_view to) {
  std::set<std::size_t> all;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    simulation sim(seed);
    sim.run([&] {
      std::vector<tcp_listener> listeners;
      for (const std::string& each : addresses) {
        listeners.push_back(tcp_listener::bind(endpoint(each), {.reuse_port = toggle::on}));
      }
      tcp_stream::connect(endpoint(to));
      for (std::size_t n = 0; n < listeners.size(); ++n) {
        if (heddle::move_on_after(1ms, [&] { listeners[n].accept(); })) all.insert(n);
      }
    });
  }
  return all;
}

TEST(network_edge, listeners_that_share_a_port_share_its_newcomers) {
  using who = std::set<std::size_t>;
  EXPECT_EQ(accepted_by({"0.0.0.0:80", "0.0.0.0:80"}, "127.0.0.1:80"), (who{0, 1}));
  EXPECT_EQ(accepted_by({"0.0.0.0:80", "127.0.0.1:80", "[::]:80"}, "127.0.0.1:80"), who{1});
  EXPECT_EQ(accepted_by({"127.0.0.1:80", "0.0.0.0:80"}, "127.0.0.2:80"), who{1});
}

TEST(network_edge, ports_are_taken_by_address) {
  simulation sim(1);
  const auto outcome = [&](std::string_view one, std::string_view other) {
    std::error_code error;
    sim.run([&] {
      tcp_listener first = tcp_listener::bind(endpoint(one));
      tcp_listener::bind(endpoint(other), error);
    });
    return error;
  };
  EXPECT_FALSE(outcome("127.0.0.1:80", "127.0.0.2:80"));
  EXPECT_FALSE(outcome("127.0.0.1:80", "[::1]:80"));
  EXPECT_FALSE(outcome("0.0.0.0:80", "[::1]:80"));
  EXPECT_EQ(outcome("127.0.0.1:80", "127.0.0.1:80"), std::errc::address_in_use);
  EXPECT_EQ(outcome("127.0.0.1:80", "0.0.0.0:80"), std::errc::address_in_use);
  EXPECT_EQ(outcome("[::]:80", "127.0.0.2:80"), std::errc::address_in_use);
  EXPECT_EQ(outcome("[::]:80", "0.0.0.0:80"), std::errc::address_in_use);
  EXPECT_EQ(outcome("127.0.0.1:80", "[::ffff:127.0.0.1]:80"), std::errc::address_in_use);
}

TEST(network_edge, ports_run_out) {
  simulation sim(1);
  sim.run([&] {
    std::vector<tcp_listener> all;
    std::error_code error;
    for (;;) {
      tcp_listener next = tcp_listener::bind(endpoint("127.0.0.1:0"), error);
      if (error) break;
      all.push_back(std::move(next));
    }
    EXPECT_EQ(error, std::errc::address_in_use);
    EXPECT_EQ(all.size(), 16384U);
    tcp_stream::connect(all.front().local_endpoint(), error);
    EXPECT_EQ(error, std::errc::address_not_available);
    all.pop_back();
    tcp_stream::connect(all.front().local_endpoint(), error);
    EXPECT_FALSE(error);
  });
}

TEST(network_edge, a_handle_of_an_earlier_run_closes_nothing_of_the_next) {
  std::optional<tcp_listener> kept;
  const auto found = heddle::testing::explore(
      [&] {
        kept = tcp_listener::bind(endpoint("127.0.0.1:0"));  // closes the one of the last run
        tcp_stream::connect(kept->local_endpoint());
      },
      {.seeds = 5});
  EXPECT_FALSE(found) << found->what;
}

TEST(network_edge, a_handle_of_an_earlier_run_can_do_nothing) {
  for (const bool same : {true, false}) {
    std::optional<tcp_listener> listener;
    std::optional<simulation> earlier(std::in_place, 1);
    earlier->run([&] { listener = tcp_listener::bind(endpoint("127.0.0.1:80")); });
    std::optional<simulation> later;
    if (!same) {
      earlier.reset();
      later.emplace(1);
    }
    (same ? *earlier : *later).run([&] {
      tcp_listener other = tcp_listener::bind(endpoint("127.0.0.1:80"));
      EXPECT_NE(other.native_handle(), listener->native_handle());
      std::error_code error;
      listener->accept(error);
      EXPECT_EQ(error, std::errc::bad_file_descriptor);
      listener.reset();
      tcp_stream::connect(endpoint("127.0.0.1:80"));
    });
  }
}

TEST(network_edge, runs_that_leave_nothing_open_give_the_same_numbers) {
  const auto number = [] {
    simulation sim(1);
    int given = 0;
    sim.run([&] { given = tcp_listener::bind(endpoint("127.0.0.1:0")).native_handle(); });
    return given;
  };
  EXPECT_EQ(number(), number());
}

}  // namespace
