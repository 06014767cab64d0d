// SPDX-License-Identifier: MIT
// Connecting: to nobody, to somebody who does not answer, in time and too late.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

namespace heddle::io {
namespace {

using std::chrono::milliseconds;
using ::testing::StartsWith;

/// Returns where nobody listens: the port was free a moment ago.
endpoint nobody() { return tcp_listener::bind("127.0.0.1:0").local_endpoint(); }

std::string connect_error(const endpoint& peer, const connect_options& options = {}) {
  try {
    const tcp_stream stream = tcp_stream::connect(peer, options);
    return "connected";
  } catch (const io_error& error) {
    EXPECT_EQ(error.where(), peer);
    return error.what();
  }
}

listen_options tiny_backlog() {
  listen_options tiny;
  tiny.backlog = 0;
  return tiny;
}

/// Connects until the listener, from which nobody accepts, answers no more.
std::vector<tcp_stream> fill(const tcp_listener& listener) {
  std::vector<tcp_stream> settled;
  connect_options hasty;
  hasty.timeout = milliseconds{50};
  for (std::error_code error; !error;) {
    settled.push_back(tcp_stream::connect(listener.local_endpoint(), hasty, error));
  }
  settled.pop_back();
  return settled;
}

TEST(connect, to_nobody_is_refused_by_name) {
  heddle::run(test::with_loops(2), [] {
    const endpoint peer = nobody();
    EXPECT_EQ(connect_error(peer), "connect to " + peer.to_string() + ": Connection refused");
    std::error_code error;
    EXPECT_FALSE(tcp_stream::connect(peer, error).is_open());
    EXPECT_EQ(error, std::errc::connection_refused);
    EXPECT_THAT(connect_error("unix:/nonexistent/socket"),
                StartsWith("connect to unix:/nonexistent/socket: No such file"));
    EXPECT_THAT(connect_error("unix:@heddle_nobody"), StartsWith("connect to unix:@heddle_nobody"));
    EXPECT_THAT(connect_error(endpoint()), StartsWith("connect to (none): "));
  });
}

TEST(connect, never_meets_itself) {
  heddle::run(test::with_loops(1), [] {
    // A port from which the kernel makes connections; walking its range, it comes by again.
    auto both = test::connected_pair();
    const endpoint target = both.near.local_endpoint();
    both.near.abort();
    both.far.abort();
    for (int i = 0; i < 60000; ++i) {
      std::error_code error;
      const tcp_stream stream = tcp_stream::connect(target, error);
      ASSERT_EQ(error, std::errc::connection_refused) << "round " << i;
    }
  });
}

TEST(connect, takes_host_and_port) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    const std::uint16_t port = listener.local_endpoint().port();
    const tcp_stream one = tcp_stream::connect("localhost", port);
    std::error_code error;
    const tcp_stream two = tcp_stream::connect("127.0.0.1", int{port}, error);
    EXPECT_FALSE(error);
    const tcp_stream three = tcp_stream::connect("127.0.0.1", port, {}, error);
    EXPECT_FALSE(error);
    EXPECT_EQ(one.peer_endpoint(), listener.local_endpoint());
    EXPECT_EQ(two.peer_endpoint(), listener.local_endpoint());
    EXPECT_EQ(three.peer_endpoint(), listener.local_endpoint());
    EXPECT_THROW(tcp_stream::connect("localhost", 65536, error), std::invalid_argument);
    EXPECT_THROW(tcp_stream::connect("example.com:80", error), std::invalid_argument);
  });
}

/// On a fiber or on a plain thread.
void expect_to_give_up_at_the_deadline() {
  tcp_listener full = tcp_listener::bind("127.0.0.1:0", tiny_backlog());
  const std::vector<tcp_stream> settled = fill(full);
  EXPECT_FALSE(settled.empty());
  const auto before = test::open_descriptors();
  connect_options options;
  options.timeout = milliseconds{200};
  const auto start = clock::now();
  EXPECT_EQ(connect_error(full.local_endpoint(), options),
            "connect to " + full.local_endpoint().to_string() + ": Connection timed out");
  EXPECT_GE(clock::now() - start, options.timeout);
  EXPECT_LT(clock::now() - start, 20 * options.timeout);
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(connect, gives_up_at_its_deadline) {
  heddle::run(test::with_loops(1), expect_to_give_up_at_the_deadline);
  expect_to_give_up_at_the_deadline();
}

/// Returns an abstract address that other processes of these tests do not use.
std::string own_unix_address() { return "unix:@heddle_connect_" + std::to_string(::getpid()); }

TEST(connect, gives_up_on_a_full_unix_listener_at_its_deadline) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener full = tcp_listener::bind(own_unix_address(), tiny_backlog());
    const std::vector<tcp_stream> settled = fill(full);
    EXPECT_FALSE(settled.empty());
    connect_options options;
    options.timeout = milliseconds{100};
    const auto start = clock::now();
    EXPECT_EQ(connect_error(full.local_endpoint(), options),
              "connect to " + own_unix_address() + ": Connection timed out");
    EXPECT_GE(clock::now() - start, options.timeout);
  });
}

TEST(connect, waits_for_room_at_a_full_unix_listener) {
  heddle::run(test::with_loops(1), [] {
    tcp_listener full = tcp_listener::bind(own_unix_address(), tiny_backlog());
    std::vector<tcp_stream> settled = fill(full);
    task<tcp_stream> late = spawn([&full] { return tcp_stream::connect(full.local_endpoint()); });
    test::let_all_run();
    EXPECT_FALSE(late.done());
    for (std::size_t i = 0; i < settled.size(); ++i) full.accept();
    tcp_stream near = late.join();
    tcp_stream far = full.accept();
    near.write_all(test::bytes("x"));
    EXPECT_EQ(test::read_once(far), "x");
  });
}

TEST(connect, refuses_options_out_of_range) {
  connect_options options;
  options.stream.give_up_after = std::chrono::seconds{1};
  EXPECT_THROW(tcp_stream::connect(nobody(), options), std::invalid_argument);
  options.stream.give_up_after = std::chrono::hours{10};
  EXPECT_THROW(tcp_stream::connect(nobody(), options), std::invalid_argument);
}

}  // namespace
}  // namespace heddle::io
