// SPDX-License-Identifier: MIT
// Peers that are cut off, silent, slow, or do not speak TLS.
#include <heddle/testing/fault_proxy.hpp>
#include <heddle/tls/stream.hpp>

#include "runtime/support/sanitized.hpp"
#include "tls/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace heddle::tls {
namespace {

using namespace std::chrono_literals;
using test::bytes;
using test::test_client_options;
using test::test_server_options;
using test::tls_pair;
using testing::fault_proxy;
using ::testing::HasSubstr;
using testing::proxy_plan;

template <class F>
void in_fibers(F body) {
  heddle::run(test::with_loops(2), body);
}

TEST(tls_hostile, plain_http_on_a_tls_port_is_named) {
  in_fibers([] {
    test::stream_pair raw = test::connected_pair();
    stream server = stream::server(std::move(raw.far), test_server_options());
    raw.near.write_all(bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    std::error_code error;
    server.handshake(error);
    EXPECT_EQ(error, tls_errc::not_tls);
    EXPECT_EQ(server.failure(), "it begins with 'GET / HT'");
  });
}

TEST(tls_hostile, a_server_that_speaks_first_and_no_tls_is_named) {
  in_fibers([] {
    test::stream_pair raw = test::connected_pair();
    stream client = stream::client(std::move(raw.near), "localhost", test_client_options());
    raw.far.write_all(bytes("220 mail.example ESMTP\r\n"));
    std::error_code error;
    client.handshake(error);
    EXPECT_EQ(error, tls_errc::not_tls);
    EXPECT_THAT(client.failure(), HasSubstr("220 mail"));
    client.write_some(bytes("x"), error);
    EXPECT_EQ(error, tls_errc::not_tls) << "a failure is final";
  });
}

TEST(tls_hostile, garbage_fails_the_handshake) {
  in_fibers([] {
    const server_config config = test_server_options();
    for (unsigned seed = 1; seed <= 64; ++seed) {
      test::stream_pair raw = test::connected_pair();
      stream server = stream::server(std::move(raw.far), config);
      std::string garbage(600, '\0');
      unsigned state = seed * 2654435761U;
      for (char& each : garbage)
        each = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
      if (seed % 2 == 0) garbage.replace(0, 5, std::string("\x16\x03\x01\x02\x00", 5));
      raw.near.write_all(bytes(garbage));
      raw.near.shutdown_write();
      std::error_code error;
      server.handshake(error);
      EXPECT_EQ(error.category(), tls_category()) << seed << ": " << error.message();
    }
  });
}

TEST(tls_hostile, a_silent_peer_is_given_up_in_time) {
  client_options options = test_client_options();
  options.handshake_timeout = 50ms;
  in_fibers([&] {
    test::stream_pair raw = test::connected_pair();
    stream client = stream::client(std::move(raw.near), "localhost", options);
    std::error_code error;
    client.handshake(error);
    EXPECT_EQ(error, tls_errc::handshake_timeout);
    client.handshake(error);
    EXPECT_EQ(error, tls_errc::handshake_timeout);
  });
  test::stream_pair raw = test::connected_pair();  // and on a plain thread
  stream client = stream::client(std::move(raw.near), "localhost", options);
  std::error_code error;
  client.handshake(error);
  EXPECT_EQ(error, tls_errc::handshake_timeout);
}

TEST(tls_hostile, a_cancelled_handshake_goes_on_later) {
  in_fibers([] {
    tls_pair both = test::new_pair(test_client_options(), test_server_options());
    EXPECT_FALSE(move_on_after(20ms, [&] { both.client.handshake(); }));
    gather([&] { both.client.write_all(bytes("hello")); },
           [&] { EXPECT_EQ(test::read_exactly(both.server, 5), "hello"); });
  });
}

/// A server that says "hello" and ends, for one connection, behind a proxy.
struct outcome_of {
  std::string text;
  std::error_code error;
  std::uint64_t to_client = 0;  // bytes
};

outcome_of talk_through(const proxy_plan& plan, const client_config& client,
                        const server_config& server) {
  outcome_of all;
  io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
  fault_proxy proxy(listener.local_endpoint(), {.plan = plan});
  task_group both;
  both.spawn([&] {
    std::error_code error;
    io::tcp_stream newcomer = listener.accept(error);
    if (error) return;  // the proxy had ended the connection by then
    stream one = stream::server(std::move(newcomer), server);
    one.write_all(bytes("hello"), error);
    if (!error) one.shutdown_write(error);
    while (!error && !test::read_up_to_end(one, error).empty()) {
    }
  });
  both.run([&] {
    stream one =
        stream::client(io::tcp_stream::connect(proxy.local_endpoint()), "localhost", client);
    all.text = test::read_up_to_end(one, all.error);
    one.close();
    listener.close();
  });
  all.to_client = proxy.stats().to_client.forwarded;
  return all;
}

TEST(tls_hostile, bytes_may_come_one_by_one) {
  in_fibers([] {
    proxy_plan plan;
    plan.to_client.piece_bytes = plan.to_target.piece_bytes = 1;
    const outcome_of whole = talk_through(plan, test_client_options(), test_server_options());
    EXPECT_EQ(whole.text, "hello");
    EXPECT_FALSE(whole.error) << whole.error.message();
  });
}

TEST(tls_hostile, an_end_at_any_byte_but_the_last_is_an_error) {
  in_fibers([] {
    client_options options = test_client_options();
    options.session_cache_size = 0;  // all handshakes alike
    const client_config client = options;
    const server_config server =
        test::server_options_of(test::make_signed(test::test_authority(), {.rsa = true}));
    const std::uint64_t whole = talk_through({}, client, server).to_client;
    ASSERT_GT(whole, 1000U);
    std::size_t in_handshake = 0;
    std::size_t truncated = 0;
    // What is instrumented takes every 9th byte, and all of the last record.
    const std::uint64_t step = test::sanitized ? 9 : 1;
    for (std::uint64_t cut = 0; cut <= whole; cut += cut + 50 < whole ? step : 1) {
      proxy_plan plan;
      plan.to_client.limit = testing::byte_limit{cut};
      const outcome_of all = talk_through(plan, client, server);
      if (cut == whole) {
        EXPECT_EQ(all.text, "hello");
        EXPECT_FALSE(all.error) << all.error.message();
        continue;
      }
      ASSERT_TRUE(all.error) << "cut at " << cut << " of " << whole;
      if (all.error == tls_errc::ended_in_handshake) ++in_handshake;
      if (all.error == tls_errc::truncated) ++truncated;
      EXPECT_TRUE(all.text.empty() || all.text == "hello") << all.text;
    }
    EXPECT_GT(in_handshake, 500U / step);
    EXPECT_GT(truncated, 24U);  // close_notify alone is as long
  });
}

}  // namespace
}  // namespace heddle::tls
