// SPDX-License-Identifier: MIT
// Buffers, families and local addresses reach the kernel; values out of range are refused by name.
#include <heddle/io/tcp.hpp>
#include <heddle/io/udp.hpp>
#include <heddle/runtime/cancel.hpp>

#include "io/net/sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace heddle::io {
namespace {

using ::testing::HasSubstr;

template <class Socket>
int option(const Socket& of, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(of.native_handle(), level, name, &value, &length), 0);
  return value;
}

constexpr std::size_t small = 8192;
constexpr int doubled = 16384;  // as the kernel says it does

TEST(socket_options, set_the_buffers_of_streams_on_both_sides) {
  heddle::run(test::with_loops(1), [] {
    listen_options listening;
    listening.stream.send_buffer_bytes = small;
    listening.stream.receive_buffer_bytes = small;
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0", listening);
    connect_options connecting;
    connecting.stream = listening.stream;
    const tcp_stream near = tcp_stream::connect(listener.local_endpoint(), connecting);
    const tcp_stream far = listener.accept();
    for (const tcp_stream* const side : {&near, &far}) {
      EXPECT_EQ(option(*side, SOL_SOCKET, SO_SNDBUF), doubled);
      EXPECT_EQ(option(*side, SOL_SOCKET, SO_RCVBUF), doubled);
    }
    const auto both = test::connected_pair();
    EXPECT_GT(option(both.near, SOL_SOCKET, SO_RCVBUF), doubled);
  });
}

/// Returns how much can be written to a peer that reads nothing.
std::size_t taken_without_a_reader(const stream_options& options) {
  listen_options listening;
  listening.stream = options;
  tcp_listener listener = tcp_listener::bind("127.0.0.1:0", listening);
  connect_options connecting;
  connecting.stream.receive_buffer_bytes = small;
  const tcp_stream near = tcp_stream::connect(listener.local_endpoint(), connecting);
  tcp_stream far = listener.accept();
  const std::vector<std::byte> piece(std::size_t{16} << 10);
  std::size_t bytes = 0;
  while (move_on_after(std::chrono::milliseconds{200}, [&] { bytes += far.write_some(piece); })) {
  }
  return bytes;
}

TEST(socket_options, keep_little_for_a_peer_that_reads_nothing) {
  heddle::run(test::with_loops(1), [] {
    constexpr std::size_t limit = stream_options{}.unsent_bytes;
    EXPECT_EQ(limit, std::size_t{256} << 10);
    EXPECT_LT(taken_without_a_reader({}), 2 * limit);
    EXPECT_GT(taken_without_a_reader({.unsent_bytes = 4 * limit}), 4 * limit);
    EXPECT_GT(taken_without_a_reader({.unsent_bytes = 0}), 4 * limit);
    const auto both = test::connected_pair();
    for (const tcp_stream* const side : {&both.near, &both.far}) {
      EXPECT_EQ(option(*side, IPPROTO_TCP, TCP_NOTSENT_LOWAT), static_cast<int>(limit));
    }
  });
}

TEST(socket_options, set_those_of_datagrams) {
  heddle::run(test::with_loops(1), [] {
    udp_options options;
    options.send_buffer_bytes = small;
    options.receive_buffer_bytes = small;
    options.broadcast = toggle::on;
    const udp_socket socket = udp_socket::bind("127.0.0.1:0", options);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_SNDBUF), doubled);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_RCVBUF), doubled);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_BROADCAST), 1);
    EXPECT_EQ(option(udp_socket::bind("127.0.0.1:0"), SOL_SOCKET, SO_BROADCAST), 0);
  });
}

TEST(socket_options, keep_ipv4_out_if_asked_to) {
  heddle::run(test::with_loops(1), [] {
    const auto connect_by_ipv4 = [](toggle ipv6_only) {
      listen_options options;
      options.ipv6_only = ipv6_only;
      const tcp_listener listener = tcp_listener::bind("[::]:0", options);
      EXPECT_EQ(option(listener, IPPROTO_IPV6, IPV6_V6ONLY), ipv6_only == toggle::on ? 1 : 0);
      std::error_code error;
      tcp_stream::connect("127.0.0.1", listener.local_endpoint().port(), error);
      return error;
    };
    EXPECT_FALSE(connect_by_ipv4(toggle::off));
    EXPECT_EQ(connect_by_ipv4(toggle::on), std::errc::connection_refused);
    udp_options only;
    only.ipv6_only = toggle::on;
    EXPECT_EQ(option(udp_socket::bind("[::]:0", only), IPPROTO_IPV6, IPV6_V6ONLY), 1);
    EXPECT_EQ(option(udp_socket::bind("[::]:0"), IPPROTO_IPV6, IPV6_V6ONLY), 0);
  });
}

TEST(socket_options, bind_a_connection_to_where_it_shall_come_from) {
  heddle::run(test::with_loops(1), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    connect_options options;
    options.local = "127.0.0.9:0";
    const tcp_stream near = tcp_stream::connect(listener.local_endpoint(), options);
    EXPECT_EQ(near.local_endpoint().host(), "127.0.0.9");
    EXPECT_EQ(listener.accept().peer_endpoint(), near.local_endpoint());
    // A port of one's own, too; it was free a moment ago.
    options.local =
        endpoint("127.0.0.9", tcp_listener::bind("127.0.0.9:0").local_endpoint().port());
    const tcp_stream other = tcp_stream::connect(listener.local_endpoint(), options);
    EXPECT_EQ(other.local_endpoint(), options.local);
    std::error_code error;
    options.local = "[::1]:0";
    EXPECT_FALSE(tcp_stream::connect(listener.local_endpoint(), options, error).is_open());
    EXPECT_EQ(error, std::errc::address_family_not_supported);
    options.local = "192.0.2.1:0";
    EXPECT_FALSE(tcp_stream::connect(listener.local_endpoint(), options, error).is_open());
    EXPECT_EQ(error, std::errc::address_not_available);
  });
}

TEST(socket_options, out_of_range_are_refused_by_name) {
  const auto refusal = [](auto act) -> std::string {
    try {
      act();
      return "none";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  listen_options listening;
  listening.stream.send_buffer_bytes = 1;
  EXPECT_THAT(refusal([&] { tcp_listener::bind("127.0.0.1:0", listening); }),
              HasSubstr("stream_options::send_buffer_bytes is 1;"));
  connect_options connecting;
  connecting.stream.receive_buffer_bytes = std::size_t{1} << 31;
  EXPECT_THAT(refusal([&] { tcp_stream::connect("127.0.0.1:1", connecting); }),
              HasSubstr("stream_options::receive_buffer_bytes is 2147483648;"));
  connecting.stream.receive_buffer_bytes = 0;
  connecting.stream.unsent_bytes = 1023;
  EXPECT_THAT(refusal([&] { tcp_stream::connect("127.0.0.1:1", connecting); }),
              HasSubstr("stream_options::unsent_bytes is 1023;"));
  udp_options datagrams;
  datagrams.receive_buffer_bytes = 1;
  EXPECT_THAT(refusal([&] { udp_socket::bind("127.0.0.1:0", datagrams); }),
              HasSubstr("udp_options::receive_buffer_bytes is 1;"));
}

}  // namespace
}  // namespace heddle::io
