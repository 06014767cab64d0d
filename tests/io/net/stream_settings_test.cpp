// SPDX-License-Identifier: MIT
// stream_options reach the kernel on both sides, and a peer that is silent for too long is given
// up.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace heddle::io {
namespace {

using std::chrono::seconds;

int option(const tcp_stream& of, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(of.native_handle(), level, name, &value, &length), 0);
  return value;
}

void expect_silence(const tcp_stream& of, int total, int first, int between) {
  EXPECT_EQ(option(of, IPPROTO_TCP, TCP_USER_TIMEOUT), total * 1000);
  EXPECT_EQ(option(of, IPPROTO_TCP, TCP_KEEPIDLE), first);
  EXPECT_EQ(option(of, IPPROTO_TCP, TCP_KEEPINTVL), between);
  EXPECT_EQ(option(of, IPPROTO_TCP, TCP_KEEPCNT), 6);
  EXPECT_EQ(option(of, SOL_SOCKET, SO_KEEPALIVE), 1);
}

TEST(stream_settings, are_sensible_by_default_on_both_sides) {
  heddle::run(test::with_loops(2), [] {
    const auto both = test::connected_pair();
    for (const tcp_stream* const side : {&both.near, &both.far}) {
      EXPECT_EQ(option(*side, IPPROTO_TCP, TCP_NODELAY), 1);
      expect_silence(*side, 120, 60, 10);
    }
  });
}

TEST(stream_settings, are_taken_from_the_options_of_each_side) {
  heddle::run(test::with_loops(2), [] {
    listen_options listening;
    listening.stream = {.no_delay = toggle::off, .give_up_after = seconds{0}};
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0", listening);
    connect_options connecting;
    connecting.stream = {.no_delay = toggle::off, .give_up_after = seconds{9}};
    const tcp_stream near = tcp_stream::connect(listener.local_endpoint(), connecting);
    const tcp_stream far = listener.accept();
    EXPECT_EQ(option(near, IPPROTO_TCP, TCP_NODELAY), 0);
    expect_silence(near, 9, 4, 1);
    EXPECT_EQ(option(far, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_EQ(option(far, SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_EQ(option(far, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  });
}

TEST(stream_settings, can_be_changed_later) {
  heddle::run(test::with_loops(2), [] {
    auto both = test::connected_pair();
    both.near.set_no_delay(toggle::off);
    EXPECT_EQ(option(both.near, IPPROTO_TCP, TCP_NODELAY), 0);
    both.near.set_give_up_after(seconds{32400});
    expect_silence(both.near, 32400, 16200, 2700);
    both.near.set_give_up_after(seconds{0});
    EXPECT_EQ(option(both.near, SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_THROW(both.near.set_give_up_after(seconds{1}), std::invalid_argument);
    EXPECT_THROW(both.near.set_give_up_after(seconds{-5}), std::invalid_argument);
    EXPECT_THROW(both.near.set_give_up_after(seconds{32401}), std::invalid_argument);
  });
}

TEST(stream_settings, are_not_for_unix_sockets) {
  heddle::run(test::with_loops(2), [] {
    auto both = test::connected_pair("unix:@heddle_stream_settings_test");
    std::error_code error;
    both.near.set_no_delay(toggle::on, error);
    EXPECT_EQ(error, std::errc::operation_not_supported);
    both.near.set_give_up_after(seconds{9}, error);
    EXPECT_EQ(error, std::errc::operation_not_supported);
  });
}

TEST(stream_settings, give_up_a_peer_that_never_reads) {
  heddle::run(test::with_loops(2), [] {
    auto both = test::connected_pair();
    both.near.set_give_up_after(seconds{2});
    const auto start = clock::now();
    EXPECT_EQ(test::write_for_ever(both.near), std::errc::timed_out);
    EXPECT_GE(clock::now() - start, seconds{1});
  });
}

}  // namespace
}  // namespace heddle::io
