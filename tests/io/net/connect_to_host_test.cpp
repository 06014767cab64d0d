// SPDX-License-Identifier: MIT
// Connecting by name: to whom, by which address, and what is said if that fails.
#include <heddle/io/resolver.hpp>
#include <heddle/io/tcp.hpp>

#include "io/dns/fake_server.hpp"
#include "io/dns/temporary_file.hpp"
#include "io/net/sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace heddle::io {
namespace {

using namespace std::chrono_literals;
using test::fake_server;
using ::testing::HasSubstr;

/// A resolver that knows names from a file, and nobody to ask.
struct known_names {
  explicit known_names(const std::string& hosts) : file(hosts), names(options()) {}
  resolver_options options() const {
    resolver_options only;
    only.hosts_file = file.path();
    only.configuration_file = "/nonexistent";
    only.servers = {"127.0.0.1:1"};
    only.attempt_timeout = 10ms;
    only.attempts = 1;
    only.search = std::vector<std::string>();
    return only;
  }
  const test::temporary_file file;
  resolver names;
};

std::string connect_error(std::string_view host, int port, const connect_options& options) {
  try {
    tcp_stream::connect(host, port, options);
    return "connected";
  } catch (const io_error& error) {
    return error.what();
  }
}

TEST(connect_to_host, takes_the_address_that_answers) {
  const auto body = [] {
    known_names known("::1 both.test\n127.0.0.1 both.test\n");
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    connect_options options;
    options.names = &known.names;
    const auto port = listener.local_endpoint().port();
    tcp_stream stream = tcp_stream::connect("both.test", port, options);
    EXPECT_EQ(stream.peer_endpoint(), listener.local_endpoint());
    stream.write_all(test::bytes("x"));
    tcp_stream far = listener.accept();
    EXPECT_EQ(test::read_once(far), "x");
    std::error_code error;
    EXPECT_TRUE(tcp_stream::connect("both.test", port, options, error).is_open());
    EXPECT_FALSE(error);
  };
  test::everywhere(body);
}

TEST(connect_to_host, asks_a_server_for_names) {
  heddle::run(test::with_loops(2), [] {
    const fake_server server([](const test::query& asked) -> std::vector<std::string> {
      if (asked.type == test::type_aaaa) return {test::answer_to(asked, {})};
      return {test::answer_to(asked, {test::a(asked.name, 1)})};
    });
    resolver names(server.options());
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    // 127.0.0.1 is what the record above says.
    connect_options options;
    options.names = &names;
    const auto found = names.resolve("name.test", listener.local_endpoint().port());
    ASSERT_EQ(found.size(), 1U);
    const auto stream = tcp_stream::connect("name.test", found[0].port(), options);
    EXPECT_EQ(stream.peer_endpoint(), found[0]);
  });
}

TEST(connect_to_host, prefers_ipv6) {
  heddle::run(test::with_loops(1), [] {
    known_names known("127.0.0.1 both.test\n::1 both.test\n");
    tcp_listener ipv4 = tcp_listener::bind("127.0.0.1:0");
    tcp_listener ipv6 = tcp_listener::bind(endpoint("::1", ipv4.local_endpoint().port()));
    connect_options options;
    options.names = &known.names;
    const auto stream = tcp_stream::connect("both.test", ipv4.local_endpoint().port(), options);
    EXPECT_EQ(stream.peer_endpoint(), ipv6.local_endpoint());
  });
}

TEST(connect_to_host, goes_on_beside_an_address_that_does_not_answer) {
  heddle::run(test::with_loops(1), [] {
    // The first listener's backlog is full: the kernel drops what comes.
    listen_options tiny;
    tiny.backlog = 0;
    const tcp_listener dead = tcp_listener::bind("[::1]:0", tiny);
    const auto port = dead.local_endpoint().port();
    std::vector<tcp_stream> settled;
    connect_options hasty;
    hasty.timeout = 50ms;
    for (std::error_code error; !error;) {
      settled.push_back(tcp_stream::connect(dead.local_endpoint(), hasty, error));
    }
    const tcp_listener alive = tcp_listener::bind(endpoint("127.0.0.1", port));
    known_names known("::1 both.test\n127.0.0.1 both.test\n");
    const auto before = test::open_descriptors().size();
    connect_options options;
    options.names = &known.names;
    options.timeout = 1min;
    options.next_address_after = 20ms;
    const auto stream = tcp_stream::connect("both.test", port, options);
    EXPECT_EQ(stream.peer_endpoint(), alive.local_endpoint());
    EXPECT_EQ(test::open_descriptors().size(), before + 1);
  });
}

TEST(connect_to_host, says_which_addresses_failed_and_how) {
  heddle::run(test::with_loops(1), [] {
    known_names known("127.0.0.1 one.test\n127.0.0.1 two.test\n::1 two.test\n");
    const int port = tcp_listener::bind("127.0.0.1:0").local_endpoint().port();
    const std::string at = std::to_string(port);
    connect_options options;
    options.names = &known.names;
    EXPECT_EQ(connect_error("one.test", port, options),
              "connect to 'one.test' port " + at + " (127.0.0.1:" + at +
                  ": Connection refused): Connection refused");
    EXPECT_EQ(connect_error("two.test", port, options),
              "connect to 'two.test' port " + at + " ([::1]:" + at + ": Connection refused; " +
                  "127.0.0.1:" + at + ": Connection refused): Connection refused");
    EXPECT_EQ(connect_error("none.test", 80, options),
              "connect to 'none.test' port 80: No name server could be reached");
    EXPECT_EQ(connect_error("a b", 80, options), "connect to 'a b' port 80: This is no host name");
    std::error_code error;
    EXPECT_FALSE(tcp_stream::connect("one.test", port, options, error).is_open());
    EXPECT_EQ(error, std::errc::connection_refused);
  });
}

TEST(connect_to_host, counts_the_lookup_into_its_time) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server(test::silence);
    resolver names(server.options());
    connect_options options;
    options.names = &names;
    options.timeout = 50ms;
    EXPECT_EQ(connect_error("name.test", 80, options),
              "connect to 'name.test' port 80: No name server answered in time");
  });
}

TEST(connect_to_host, needs_no_resolver_for_localhost) {
  heddle::run(test::with_loops(1), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    const auto stream = tcp_stream::connect("localhost", listener.local_endpoint().port());
    EXPECT_EQ(stream.peer_endpoint(), listener.local_endpoint());
  });
}

TEST(connect_to_host, refuses_what_it_is_not_made_for) {
  heddle::run(test::with_loops(1), [] {
    connect_options options;
    options.next_address_after = 1ms;
    EXPECT_THROW(tcp_stream::connect("name.test", 80, options), std::invalid_argument);
    EXPECT_THROW(tcp_stream::connect("localhost", -1), std::invalid_argument);
    EXPECT_THROW(tcp_stream::connect("::1", 65536), std::invalid_argument);
    EXPECT_THROW(tcp_stream::connect("1.2.3", 80), std::invalid_argument);
  });
}

}  // namespace
}  // namespace heddle::io
