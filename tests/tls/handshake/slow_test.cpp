// SPDX-License-Identifier: MIT
// Handshakes that are slow, in simulated time, and peers that leave before theirs is done.
#include <heddle/testing/simulation.hpp>
#include <heddle/tls/listener.hpp>
#include <heddle/tls/stream.hpp>

#include "testing/simulated_hosts.hpp"
#include "tls/support/tls_pair.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace heddle::tls {
namespace {

using namespace std::chrono_literals;
using test::bytes;

/// The beginning of a record that is 512 bytes long.
constexpr std::string_view hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);

/// Sends a byte now and then, for as long as somebody reads.
void drip(io::tcp_stream& to, std::chrono::nanoseconds every) {
  std::error_code error;
  for (std::size_t sent = 0; !error; ++sent) {
    to.write_some(bytes(sent < hello.size() ? hello.substr(sent, 1) : "x"), error);
    this_fiber::sleep_for(every);
  }
}

/// Expects that `one` gives its handshake with a peer that drips, or is silent, up after `limit`.
void expect_given_up(stream one, io::tcp_stream& peer, std::chrono::nanoseconds every,
                     std::chrono::nanoseconds limit) {
  task<void> drips = spawn([&] { drip(peer, every); });
  const auto began = clock::now();
  std::error_code error;
  one.handshake(error);
  EXPECT_EQ(error, tls_errc::handshake_timeout) << one.failure();
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(clock::now() - began), limit);
  one.close();
  drips.wait();
}

TEST(tls_slow_handshake, has_its_time_from_its_first_step_however_it_drips) {
  testing::simulation world(7);
  world.run([] {
    for (const auto every : {300ms, 1700ms}) {
      test::stream_pair raw = test::connected_pair();
      expect_given_up(stream::server(std::move(raw.far), test::test_server_options()), raw.near,
                      every, 10s);
    }
    client_options options = test::test_client_options();
    options.handshake_timeout = 1h;
    test::stream_pair raw = test::connected_pair();
    expect_given_up(stream::client(std::move(raw.near), "localhost", options), raw.far, 40s, 1h);
  });
}

TEST(tls_slow_handshake, with_a_peer_that_vanished_is_given_up) {
  testing::simulation world(7);
  world.run([&] {
    auto [near, far] = world.net().connected_pair("main", "server");
    stream client = stream::client(std::move(near), "localhost", test::test_client_options());
    world.net().part("main", "server");
    const auto began = clock::now();
    std::error_code error;
    client.handshake(error);
    EXPECT_EQ(error, tls_errc::handshake_timeout);
    EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(clock::now() - began), 10s);
  });
}

TEST(tls_slow_handshake, of_those_who_leave_before_it_is_done_disturbs_nobody) {
  std::atomic<int> told{0};
  server_options options = test::test_server_options();
  options.on_handshake_failure = [&](const handshake_failure& one) {
    EXPECT_FALSE(one.reason.empty());
    ++told;
  };
  const server_config config = options;
  const client_config trusting = test::test_client_options();
  heddle::run(test::with_loops(2), [&] {
    listener from(io::tcp_listener::bind("127.0.0.1:0"), config);
    const io::endpoint at = from.local_endpoint();
    task<void> serving =
        spawn([&] { serve(from, [](stream& over) { over.write_all(bytes("hello")); }); });
    using leave = std::function<void(io::tcp_stream&)>;
    const std::vector<leave> ways{[](io::tcp_stream& one) { one.close(); },
                                  [](io::tcp_stream& one) { one.abort(); },
                                  [](io::tcp_stream& one) { one.shutdown_write(); }};
    for (int round = 0; round < 10; ++round) {
      for (const std::string_view said : {std::string_view(), hello.substr(0, 5), hello}) {
        for (const leave& each : ways) {
          io::tcp_stream one = io::tcp_stream::connect(at);
          one.write_all(bytes(said));
          each(one);
        }
      }
      stream good = connect("localhost", at.port(), trusting);
      EXPECT_EQ(test::read_exactly(good, 5), "hello");
    }
    from.close();
    serving.join();
  });
  EXPECT_EQ(config.failed_handshakes(), static_cast<std::uint64_t>(told.load()));
  EXPECT_GE(told, 60) << "those who came and ended; one who resets may not even be accepted";
}

}  // namespace
}  // namespace heddle::tls
