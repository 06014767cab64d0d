// SPDX-License-Identifier: MIT
// What io::tcp_stream promises when the network and the peer misbehave, shown through the proxy.
// Each case ends with a fresh connection that works. Faults without a proxy: tests/io/net.
#include <heddle/testing/fault_proxy.hpp>

#include "testing/echo_service.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace heddle::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::bytes;
using test::connect_to;
using test::echoed;
using test::through_proxy;

TEST(stream_through_proxy, tells_a_reader_of_a_reset_and_spares_the_others) {
  through_proxy(proxy_plan{}, [](fault_proxy& proxy) {
    io::tcp_stream hit = connect_to(proxy);
    EXPECT_TRUE(proxy.wait_until_accepted(1));
    io::tcp_stream spared = connect_to(proxy);
    EXPECT_TRUE(proxy.wait_until_accepted(2));
    const direction_plan ending{.limit = byte_limit{1000, proxy_ending::reset}};
    EXPECT_TRUE(proxy.set_plan(1, {.to_client = ending}));
    task<test::last_words> reader = spawn([&hit] { return test::read_to_the_end(hit); });
    const std::string text = test::numbered_bytes(1500);
    EXPECT_TRUE(echoed(spared, text) == text);
    hit.write_all(bytes(text));
    const test::last_words got = reader.join();
    EXPECT_EQ(got.error, std::errc::connection_reset);
    EXPECT_TRUE(got.text == text.substr(0, 1000));
    EXPECT_TRUE(echoed(spared, text) == text);
  });
}

TEST(stream_through_proxy, tells_a_writer_of_a_reset_while_it_waits) {
  const direction_plan held{.flow = byte_flow::hold};
  through_proxy(proxy_plan{.to_target = held}, [](fault_proxy& proxy) {
    io::tcp_stream hit = connect_to(proxy);
    EXPECT_TRUE(proxy.wait_until_accepted(1));
    io::tcp_stream spared = connect_to(proxy);
    EXPECT_TRUE(proxy.wait_until_accepted(2));
    EXPECT_TRUE(proxy.set_plan(2, {}));
    std::uint64_t writes = 0;
    task<std::error_code> writer = spawn([&] {
      std::error_code error;
      for (const std::string block(65536, 'x'); !error; ++writes) {
        hit.write_some(bytes(block), error);
      }
      return error;
    });
    EXPECT_EQ(echoed(spared, "x"), "x");
    EXPECT_TRUE(proxy.set_plan(1, {.to_target = {.on_data = proxy_ending::reset}}));
    EXPECT_EQ(writer.join(), std::errc::connection_reset);
    EXPECT_GE(writes, 1U);
    EXPECT_EQ(echoed(spared, "x"), "x");
  });
}

TEST(stream_through_proxy, reads_on_after_it_has_ended_its_own_side) {
  const direction_plan late{.delay = milliseconds{30}};
  through_proxy(proxy_plan{.to_client = late}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    client.write_all(bytes("question"));
    client.shutdown_write();
    const auto got = test::read_to_the_end(client);
    EXPECT_EQ(got.text, "question");
    EXPECT_EQ(got.error, std::error_code());
  });
}

TEST(stream_through_proxy, writes_on_after_the_peer_has_ended_its_side) {
  run(test::with_loops(2), [] {
    io::tcp_listener target = io::tcp_listener::bind("127.0.0.1:0");
    fault_proxy proxy(target.local_endpoint());
    io::tcp_stream client = connect_to(proxy);
    io::tcp_stream server = target.accept();
    server.shutdown_write();
    EXPECT_EQ(test::read_once(client), "");
    for (int round = 0; round < 3; ++round) {
      client.write_all(bytes("still"));
      EXPECT_EQ(test::read_exactly(server, 5), "still");
    }
    client.shutdown_write();
    EXPECT_EQ(test::read_once(server), "");
    EXPECT_TRUE(proxy.wait_until_idle());
    client = connect_to(proxy);
    server = target.accept();
    client.write_all(bytes("fresh"));
    EXPECT_EQ(test::read_exactly(server, 5), "fresh");
  });
}

TEST(stream_through_proxy, is_freed_from_a_silent_peer_by_a_deadline) {
  through_proxy(proxy_plan{}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    EXPECT_EQ(echoed(client, "x"), "x");
    proxy.end_connections(proxy_ending::vanish);
    EXPECT_TRUE(proxy.wait_until([](const proxy_stats& now) { return now.vanished == 1; }));
    client.write_all(bytes("anybody?"));
    const auto start = clock::now();
    EXPECT_THROW(with_timeout(milliseconds{100}, [&] { test::read_once(client); }), timed_out);
    const auto waited = clock::now() - start;
    EXPECT_GE(waited, milliseconds{100});
    EXPECT_LT(waited, seconds{10});
    EXPECT_TRUE(client.is_open());
  });
}

TEST(stream_through_proxy, gives_up_a_peer_that_keeps_its_window_shut) {
  const direction_plan held{.flow = byte_flow::hold};
  through_proxy(proxy_plan{.to_target = held}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    client.set_give_up_after(seconds{2});
    const auto start = clock::now();
    EXPECT_EQ(test::write_for_ever(client), std::errc::timed_out);
    EXPECT_GE(clock::now() - start, seconds{2});
  });
}

TEST(stream_through_proxy, suspends_the_writer_for_a_slow_reader_and_resumes_it) {
  const direction_plan held{.flow = byte_flow::hold};
  through_proxy(proxy_plan{.to_target = held}, [](fault_proxy& proxy) {
    const std::string text = test::numbered_bytes(32'000'000);  // more than the buffers on the way
    io::tcp_stream client = connect_to(proxy);
    task<void> writer = spawn([&] {
      client.write_all(bytes(text));
      client.shutdown_write();
    });
    task<test::last_words> reader = spawn([&] { return test::read_to_the_end(client); });
    EXPECT_TRUE(proxy.wait_until([](const proxy_stats& now) { return now.held == 1; }));
    EXPECT_FALSE(move_on_after(milliseconds{100}, [&] { writer.wait(); }));
    EXPECT_EQ(proxy.stats().to_target.forwarded, 0U);
    proxy.set_plan({});
    writer.join();
    EXPECT_TRUE(reader.join().text == text);
  });
}

/// Messages as many protocols have them: a length, then as many bytes.
std::string framed(const std::vector<std::string>& messages) {
  std::string all;
  for (const std::string& each : messages) all += static_cast<char>(each.size()) + each;
  return all;
}

std::vector<std::string> read_messages(io::tcp_stream& from) {
  std::vector<std::string> messages;
  std::error_code error;
  std::string length(1, '\0');
  while (from.read_exactly(test::room_in(length), error) == 1) {
    messages.push_back(test::read_exactly(from, static_cast<unsigned char>(length[0])));
  }
  EXPECT_EQ(error, io::io_errc::unexpected_end);
  return messages;
}

std::vector<std::string> exchanged(const fault_proxy& proxy, const std::string& text) {
  io::tcp_stream client = connect_to(proxy);
  client.write_all(bytes(text));
  client.shutdown_write();
  return read_messages(client);
}

TEST(stream_through_proxy, reads_the_same_messages_wherever_they_are_cut) {
  const std::vector<std::string> messages{"a", "", "heddle", std::string(200, 'x'), "end"};
  const std::string text = framed(messages);
  through_proxy(proxy_plan{}, [&](fault_proxy& proxy) {
    for (std::uint64_t at = 1; at < text.size(); at += at < 12 ? 1 : 29) {
      const direction_plan cut{.pause = milliseconds{2}, .split_at = {at}};
      proxy.set_plan({.to_target = cut, .to_client = cut});
      EXPECT_EQ(exchanged(proxy, text), messages) << "cut at " << at;
    }
  });
}

TEST(stream_through_proxy, reads_the_same_messages_in_pieces_of_any_size) {
  const std::vector<std::string> messages{"a", "", "heddle", std::string(100, 'x'), "end"};
  const std::string text = framed(messages);
  const std::vector<direction_plan> ways{
      {.pause = std::chrono::microseconds{200}, .piece_bytes = 1},
      {.piece_bytes = 1},
      {.mean_piece_bytes = 7},
      {.merge_bytes = 50, .piece_bytes = 3},
      {.merge_bytes = 100'000},
  };
  through_proxy(proxy_plan{}, [&](fault_proxy& proxy) {
    for (std::size_t way = 0; way < ways.size(); ++way) {
      proxy.set_plan({.to_target = ways[way], .to_client = ways[way], .seed = 5 + way});
      EXPECT_EQ(exchanged(proxy, text), messages) << "way " << way;
    }
  });
}

}  // namespace
}  // namespace heddle::testing
