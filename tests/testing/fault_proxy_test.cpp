// SPDX-License-Identifier: MIT
// Each fault, as a client of heddle sees it through the proxy. What the proxy decides when and in
// which pieces: proxy/shaper_test.cpp; what a stream promises under such faults:
// fault_proxy_stream_test.cpp; newcomers, limits and the end: fault_proxy_life_test.cpp.
#include <heddle/testing/fault_proxy.hpp>

#include "testing/echo_service.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace heddle::testing {
namespace {

using std::chrono::milliseconds;
using test::bytes;
using test::connect_to;
using test::echoed;
using test::through_proxy;

TEST(fault_proxy, forwards_what_it_is_given_both_ways_and_the_end) {
  through_proxy(proxy_plan{}, [](fault_proxy& proxy) {
    const std::string text = test::numbered_bytes(1'000'000);
    io::tcp_stream client = connect_to(proxy);
    task<void> writer = spawn([&] {
      client.write_all(bytes(text));
      client.shutdown_write();
    });
    const auto got = test::read_to_the_end(client);
    writer.join();
    EXPECT_EQ(got.error, std::error_code());
    EXPECT_TRUE(got.text == text);
    EXPECT_TRUE(proxy.wait_until_idle());
    const proxy_stats stats = proxy.stats();
    EXPECT_EQ(stats.accepted, 1U);
    EXPECT_EQ(stats.to_target.forwarded, text.size());
    EXPECT_EQ(stats.to_client.received, text.size());
    EXPECT_EQ(stats.closed + stats.reset + stats.vanished + stats.failed + stats.delayed, 0U);
  });
}

TEST(fault_proxy, delays_what_goes_either_way) {
  const direction_plan late{.delay = milliseconds{40}};
  through_proxy(proxy_plan{.to_target = late, .to_client = late}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    const auto start = clock::now();
    EXPECT_EQ(echoed(client, "x"), "x");
    EXPECT_GE(clock::now() - start, milliseconds{80});
    EXPECT_EQ(proxy.stats().delayed, 2U);
  });
}

TEST(fault_proxy, keeps_a_rate) {
  const direction_plan slow{.bytes_per_second = 500'000};
  through_proxy(proxy_plan{.to_client = slow}, [](fault_proxy& proxy) {
    const std::string text = test::numbered_bytes(100'000);
    io::tcp_stream client = connect_to(proxy);
    const auto start = clock::now();
    EXPECT_TRUE(echoed(client, text) == text);
    EXPECT_GE(clock::now() - start, milliseconds{180});  // 200, less what an idle one makes up
  });
}

TEST(fault_proxy, closes_after_a_number_of_bytes_in_good_order) {
  const direction_plan short_answer{.limit = byte_limit{5, proxy_ending::close}};
  through_proxy(proxy_plan{.to_client = short_answer}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    client.write_all(bytes("hello, world"));
    const auto got = test::read_to_the_end(client);
    EXPECT_EQ(got.text, "hello");
    EXPECT_EQ(got.error, std::error_code());
    EXPECT_TRUE(proxy.wait_until_idle());
    EXPECT_EQ(proxy.stats().closed, 1U);
  });
}

TEST(fault_proxy, resets_after_a_number_of_bytes) {
  const direction_plan short_answer{.limit = byte_limit{5, proxy_ending::reset}};
  through_proxy(proxy_plan{.to_client = short_answer}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    client.write_all(bytes("hello, world"));
    const auto got = test::read_to_the_end(client);
    EXPECT_EQ(got.text, "hello");
    EXPECT_EQ(got.error, std::errc::connection_reset);
    EXPECT_TRUE(proxy.wait_until_idle());
    EXPECT_EQ(proxy.stats().reset, 1U);
  });
}

TEST(fault_proxy, resets_at_once_without_asking_the_target) {
  const direction_plan none{.limit = byte_limit{0, proxy_ending::reset}};
  through_proxy(proxy_plan{.to_target = none}, [](fault_proxy& proxy) {
    EXPECT_EQ(test::error_of_newcomer(proxy), std::errc::connection_reset);
    EXPECT_EQ(proxy.stats().reset, 1U);
    EXPECT_EQ(proxy.stats().failed, 0U);
  });
}

TEST(fault_proxy, ends_the_connections_that_live_when_it_is_told_to) {
  through_proxy(proxy_plan{}, [](fault_proxy& proxy) {
    io::tcp_stream first = connect_to(proxy);
    EXPECT_EQ(echoed(first, "x"), "x");
    proxy.end_connections(proxy_ending::reset);
    EXPECT_EQ(test::read_to_the_end(first).error, std::errc::connection_reset);
    io::tcp_stream second = connect_to(proxy);
    EXPECT_EQ(echoed(second, "x"), "x");
    proxy.end_connections(proxy_ending::close);
    EXPECT_EQ(test::read_to_the_end(second).error, std::error_code());
  });
}

TEST(fault_proxy, closes_when_data_comes_and_forwards_none_of_it) {
  const direction_plan touchy{.on_data = proxy_ending::close};
  through_proxy(proxy_plan{.to_target = touchy}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    EXPECT_TRUE(test::stays_silent(client));
    client.write_all(bytes("x"));
    EXPECT_EQ(test::read_once(client), "");
    EXPECT_TRUE(proxy.wait_until_idle());
    EXPECT_EQ(proxy.stats().to_target.forwarded, 0U);
    EXPECT_EQ(proxy.stats().closed, 1U);
  });
}

TEST(fault_proxy, delivers_what_it_forwarded_before_it_closed_though_it_left_bytes_unread) {
  run(test::with_loops(2), [] {
    constexpr std::size_t size = 300'000;  // most of it waits in the kernel for a reader
    io::tcp_listener target = io::tcp_listener::bind("127.0.0.1:0");
    const direction_plan unread{.flow = byte_flow::hold};
    const direction_plan ending{.limit = byte_limit{size, proxy_ending::close}};
    fault_proxy proxy(target.local_endpoint(),
                      {.plan = {.to_target = unread, .to_client = ending}});
    io::tcp_stream client = connect_to(proxy);
    client.write_all(bytes(test::numbered_bytes(50'000)));
    io::tcp_stream server = target.accept();
    const std::string text = test::numbered_bytes(size);
    server.write_all(bytes(text));
    EXPECT_TRUE(proxy.wait_until_idle());
    const auto got = test::read_to_the_end(client);
    EXPECT_EQ(got.error, std::error_code());
    EXPECT_TRUE(got.text == text) << got.text.size();
  });
}

TEST(fault_proxy, drops_one_way_or_both_and_closes_nothing) {
  for (const bool both : {false, true}) {
    const direction_plan dropping{.flow = byte_flow::drop};
    const direction_plan other = both ? dropping : direction_plan{};
    const proxy_plan plan{.to_target = other, .to_client = dropping};
    through_proxy(plan, [both](fault_proxy& proxy) {
      io::tcp_stream client = connect_to(proxy);
      client.write_all(bytes("anybody?"));
      EXPECT_TRUE(proxy.wait_until([both](const proxy_stats& now) {
        return (both ? now.to_target : now.to_client).dropped == 8;
      }));
      EXPECT_EQ(proxy.stats().to_target.forwarded, both ? 0U : 8U);
      EXPECT_TRUE(test::stays_silent(client));
      proxy.set_plan({});
      EXPECT_EQ(echoed(client, "now?"), "now?");
    });
  }
}

TEST(fault_proxy, holds_bytes_back_and_loses_none) {
  const direction_plan held{.flow = byte_flow::hold};
  through_proxy(proxy_plan{.to_target = held}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    client.write_all(bytes("later"));
    EXPECT_TRUE(proxy.wait_until([](const proxy_stats& now) { return now.held == 1; }));
    EXPECT_TRUE(test::stays_silent(client));
    EXPECT_EQ(proxy.stats().to_target.forwarded, 0U);
    proxy.set_plan({});
    EXPECT_EQ(test::read_exactly(client, 5), "later");
    proxy.set_plan({.to_target = {.flow = byte_flow::hold}});  // it waits to read now
    client.write_all(bytes("again"));
    EXPECT_TRUE(proxy.wait_until([](const proxy_stats& now) { return now.held == 2; }));
    EXPECT_EQ(proxy.stats().to_target.received, 10U);
    EXPECT_TRUE(test::stays_silent(client));
    proxy.set_plan({});
    EXPECT_EQ(test::read_exactly(client, 5), "again");
  });
}

std::vector<std::size_t> differences(const std::string& a, const std::string& b) {
  std::vector<std::size_t> at;
  for (std::size_t next = 0; next < a.size(); ++next) {
    if (a[next] != b[next]) at.push_back(next);
  }
  return at;
}

TEST(fault_proxy, corrupts_the_bytes_that_the_plan_names) {
  const std::string text = test::numbered_bytes(3000);
  const proxy_plan plan{.to_client = {.corrupt_at = {0, 17, 5000}, .corrupt_every = 1000}};
  through_proxy(plan, [&text](fault_proxy& proxy) {
    const std::vector<std::size_t> wanted{0, 17, 999, 1999, 2999};
    io::tcp_stream first = connect_to(proxy);
    EXPECT_EQ(differences(echoed(first, text), text), wanted);
    EXPECT_EQ(proxy.stats().to_client.corrupted, 5U);
    EXPECT_EQ(proxy.stats().to_target.corrupted, 0U);
  });
}

TEST(fault_proxy, corrupts_alike_with_one_seed_and_not_with_another) {
  const std::string text = test::numbered_bytes(3000);
  const auto corrupted = [&text](std::uint64_t seed) {
    std::string got;
    const proxy_plan plan{.to_client = {.mean_piece_bytes = 50, .corrupt_every = 2}, .seed = seed};
    through_proxy(plan, [&](fault_proxy& proxy) {
      io::tcp_stream client = connect_to(proxy);
      got = echoed(client, text);
    });
    return got;
  };
  const std::string once = corrupted(7);
  EXPECT_TRUE(once == corrupted(7));
  EXPECT_FALSE(once == corrupted(8));
}

TEST(fault_proxy, sends_byte_by_byte) {
  through_proxy(proxy_plan{.to_target = {.piece_bytes = 1}}, [](fault_proxy& proxy) {
    const std::string text = test::numbered_bytes(5000);
    io::tcp_stream client = connect_to(proxy);
    EXPECT_TRUE(echoed(client, text) == text);
    EXPECT_EQ(proxy.stats().to_target.pieces, 5000U);
  });
}

TEST(fault_proxy, cuts_at_offsets_so_that_a_reader_sees_the_pieces) {
  const direction_plan cut{.pause = std::chrono::hours{1}, .split_at = {1, 4}};
  through_proxy(proxy_plan{.to_client = cut}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    client.write_all(bytes("abcdef"));
    EXPECT_EQ(test::read_once(client), "a");
    proxy.set_plan({.to_client = {.split_at = {1, 4}}});
    EXPECT_EQ(test::read_exactly(client, 5), "bcdef");
    EXPECT_EQ(proxy.stats().to_client.pieces, 3U);
  });
}

TEST(fault_proxy, merges_what_comes_in_pieces) {
  const direction_plan merged{.merge_bytes = 3, .merge_for = std::chrono::hours{1}};
  through_proxy(proxy_plan{.to_target = merged}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    for (std::uint64_t sent = 1; sent <= 3; ++sent) {
      client.write_all(bytes("x"));
      EXPECT_TRUE(proxy.wait_until(
          [sent](const proxy_stats& now) { return now.to_target.received == sent; }));
      if (sent == 2) {
        EXPECT_EQ(proxy.stats().to_target.forwarded, 0U);
      }
    }
    EXPECT_EQ(test::read_exactly(client, 3), "xxx");
    EXPECT_EQ(proxy.stats().to_target.pieces, 1U);
    client.write_all(bytes("y"));  // too few: leaves before the end
    client.shutdown_write();
    EXPECT_EQ(test::read_to_the_end(client).text, "y");
  });
}

TEST(fault_proxy, keeps_the_end_back_until_a_plan_passes_it_on) {
  const direction_plan endless{.end = end_of_side::keep_back};
  through_proxy(proxy_plan{.to_target = endless}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    EXPECT_EQ(echoed(client, "x"), "x");
    client.shutdown_write();
    EXPECT_TRUE(proxy.wait_until([](const proxy_stats& now) { return now.ends_kept_back == 1; }));
    EXPECT_TRUE(test::stays_silent(client));  // an echo that knew would end, too
    proxy.set_plan({});
    EXPECT_EQ(test::read_once(client), "");
  });
}

TEST(fault_proxy, vanishes_without_a_word_and_only_from_the_given_byte_on) {
  const direction_plan gone{.limit = byte_limit{3, proxy_ending::vanish}};
  through_proxy(proxy_plan{.to_client = gone}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    client.write_all(bytes("hello"));
    EXPECT_EQ(test::read_exactly(client, 3), "hel");
    EXPECT_TRUE(proxy.wait_until([](const proxy_stats& now) { return now.vanished == 1; }));
    client.write_all(bytes("?"));
    client.shutdown_write();
    EXPECT_TRUE(test::stays_silent(client));
    EXPECT_EQ(proxy.stats().live, 1U);
    proxy.end_connections(proxy_ending::close);
    EXPECT_EQ(test::read_once(client), "");
  });
}

TEST(fault_proxy, passes_a_reset_on_to_the_other_side) {
  run(test::with_loops(2), [] {
    io::tcp_listener target = io::tcp_listener::bind("127.0.0.1:0");
    fault_proxy proxy(target.local_endpoint());
    for (const bool by_target : {false, true}) {
      io::tcp_stream client = connect_to(proxy);
      io::tcp_stream server = target.accept();
      server.write_all(bytes("x"));
      EXPECT_EQ(test::read_exactly(client, 1), "x");  // the proxy has both
      (by_target ? server : client).abort();
      EXPECT_EQ(test::read_to_the_end(by_target ? client : server).error,
                std::errc::connection_reset);
    }
    EXPECT_TRUE(proxy.wait_until_idle());
    EXPECT_EQ(proxy.stats().resets_passed_on, 2U);
    EXPECT_EQ(proxy.stats().reset, 0U);
  });
}

TEST(fault_proxy, passes_a_reset_on_ahead_of_bytes_that_are_delayed) {
  run(test::with_loops(2), [] {
    io::tcp_listener target = io::tcp_listener::bind("127.0.0.1:0");
    fault_proxy proxy(target.local_endpoint(),
                      {.plan = {.to_target = {.delay = std::chrono::hours{1}}}});
    io::tcp_stream client = connect_to(proxy);
    io::tcp_stream server = target.accept();
    client.write_all(bytes("late"));
    EXPECT_TRUE(proxy.wait_until([](const proxy_stats& now) { return now.delayed == 1; }));
    client.abort();
    const auto got = test::read_to_the_end(server);
    EXPECT_EQ(got.text, "");
    EXPECT_EQ(got.error, std::errc::connection_reset);
  });
}

TEST(fault_proxy, passes_a_reset_on_that_only_writing_shows) {
  run(test::with_loops(2), [] {
    io::tcp_listener target = io::tcp_listener::bind("127.0.0.1:0");
    const direction_plan late{.delay = std::chrono::hours{1}};
    fault_proxy proxy(target.local_endpoint(), {.plan = {.to_target = late}, .buffer_bytes = 1024});
    io::tcp_stream client = connect_to(proxy);
    io::tcp_stream server = target.accept();
    client.write_all(bytes(test::numbered_bytes(4096)));  // the proxy is full: it reads no more
    EXPECT_TRUE(
        proxy.wait_until([](const proxy_stats& now) { return now.to_target.received == 1024; }));
    client.abort();
    server.write_all(bytes("hello?"));
    EXPECT_EQ(test::read_to_the_end(server).error, std::errc::connection_reset);
  });
}

TEST(fault_proxy, keeps_a_reset_back_where_it_keeps_the_end_back) {
  run(test::with_loops(2), [] {
    io::tcp_listener target = io::tcp_listener::bind("127.0.0.1:0");
    fault_proxy proxy(target.local_endpoint(),
                      {.plan = {.to_target = {.end = end_of_side::keep_back}}});
    io::tcp_stream client = connect_to(proxy);
    io::tcp_stream server = target.accept();
    client.abort();
    EXPECT_TRUE(proxy.wait_until([](const proxy_stats& now) { return now.ends_kept_back == 1; }));
    for (std::uint64_t sent = 1; sent <= 3; ++sent) {
      server.write_all(bytes("x"));
      EXPECT_TRUE(proxy.wait_until(
          [sent](const proxy_stats& now) { return now.to_client.received == sent; }));
    }
    EXPECT_TRUE(test::stays_silent(server));
    EXPECT_EQ(proxy.stats().live, 1U);
  });
}

}  // namespace
}  // namespace heddle::testing
