// SPDX-License-Identifier: MIT
// What servers choose (protocol, certificate), remember (sessions), renew (reload), and serve().
#include <heddle/tls/listener.hpp>

#include <heddle/io/file.hpp>

#include "tls/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace heddle::tls {
namespace {

using namespace std::chrono_literals;
using test::bytes;
using test::make_signed;
using test::shaken_pair;
using test::test_authority;
using test::test_client_options;
using test::test_server_options;
using test::tls_pair;
using ::testing::HasSubstr;
using names = std::vector<std::string>;

template <class F>
void in_fibers(F body) {
  heddle::run(test::with_loops(2), body);
}

test::shaken alpn(const names& client, const names& server, std::string& chosen) {
  client_options ask = test_client_options();
  ask.alpn = client;
  server_options have = test_server_options();
  have.alpn = server;
  tls_pair both = test::new_pair(ask, have);
  const test::shaken errors = test::shake(both);
  if (!errors.client) chosen = both.client.agreed().alpn;
  return errors;
}

TEST(tls_server, chooses_the_protocol_that_it_prefers) {
  in_fibers([] {
    std::string chosen;
    EXPECT_FALSE(alpn({"http/1.1", "h2"}, {"h2", "http/1.1"}, chosen).client);
    EXPECT_EQ(chosen, "h2");
    EXPECT_FALSE(alpn({}, {"h2"}, chosen).client);
    EXPECT_EQ(chosen, "");
    EXPECT_FALSE(alpn({"h2"}, {}, chosen).client);
    EXPECT_EQ(chosen, "");
    const test::shaken none = alpn({"spdy"}, {"h2"}, chosen);
    EXPECT_EQ(none.client, tls_errc::refused_by_peer);
    EXPECT_EQ(none.server, tls_errc::handshake_failed);
  });
}

TEST(tls_server, is_offered_other_protocols_by_a_copy_of_a_config) {
  in_fibers([] {
    client_options ask = test_client_options();
    ask.alpn = {"h2"};
    const client_config first = ask;
    const client_config second = first.with_alpn({"http/1.1"});
    server_options have = test_server_options();
    have.alpn = {"h2", "http/1.1"};
    EXPECT_EQ(shaken_pair(second, have).client.agreed().alpn, "http/1.1");
    EXPECT_EQ(shaken_pair(first, have).client.agreed().alpn, "h2");
    EXPECT_EQ(shaken_pair(first.with_alpn({}), have).client.agreed().alpn, "");
    EXPECT_THROW(first.with_alpn({""}), std::invalid_argument);
  });
}

TEST(tls_server, presents_the_certificate_that_has_the_name) {
  server_options options = test_server_options();
  options.more = {
      make_signed(test_authority(), {.common_name = "a", .names = "DNS:a.example"}).identity(),
      make_signed(test_authority(), {.common_name = "b", .names = "DNS:*.b.example"}).identity()};
  const server_config config = options;
  in_fibers([&] {
    const auto subject = [&](const char* host) {
      return shaken_pair(test_client_options(), config, host).client.peer()->subject;
    };
    EXPECT_EQ(subject("a.example"), "CN=a");
    EXPECT_EQ(subject("x.b.example"), "CN=b");
    EXPECT_EQ(subject("localhost"), "CN=test");
    EXPECT_EQ(subject("127.0.0.1"), "CN=test");
    tls_pair unknown = test::new_pair(test_client_options(), config, "c.example");
    EXPECT_EQ(test::shake(unknown).client, tls_errc::host_mismatch);
  });
}

TEST(tls_server, does_all_it_does_for_those_who_ask_for_another_name) {
  for (const version spoken : {version::tls_1_2, version::tls_1_3}) {
    server_options options = test_server_options();
    options.highest = spoken;
    options.alpn = {"h2", "http/1.1"};
    options.clients = client_certificates::required;
    options.client_ca = pem::text(test_authority().certificate);
    options.more = {
        make_signed(test_authority(), {.common_name = "a", .names = "DNS:a.example"}).identity()};
    const server_config server = options;
    client_options known = test_client_options();
    known.alpn = {"http/1.1"};
    known.client_identity = make_signed(test_authority(), {.common_name = "me"}).identity();
    const client_config client = known;
    known.client_identity = {};
    const client_config unknown = known;
    in_fibers([&] {
      io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
      const auto connected = [&](const client_config& by) {
        return tls_pair{
            stream::client(io::tcp_stream::connect(listener.local_endpoint()), "a.example", by),
            stream::server(listener.accept(), server)};
      };
      for (const bool resumes : {false, true}) {
        tls_pair both = connected(client);
        gather([&] { both.server.write_all(bytes("x")); },
               [&] { EXPECT_EQ(test::read_exactly(both.client, 1), "x"); });
        EXPECT_EQ(both.client.agreed().alpn, "http/1.1");
        EXPECT_EQ(both.server.peer()->subject, "CN=me");
        EXPECT_EQ(both.client.peer()->subject, "CN=a");
        EXPECT_EQ(both.client.agreed().resumed, resumes);
      }
      tls_pair both = connected(unknown);
      EXPECT_EQ(test::shake(both).server, tls_errc::no_certificate);
    });
  }
}

TEST(tls_server, that_a_client_met_before_is_resumed) {
  for (const version spoken : {version::tls_1_2, version::tls_1_3}) {
    server_options options = test_server_options();
    options.highest = spoken;
    server_config server = options;
    const client_config client = test_client_options();
    in_fibers([&] {
      io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
      const auto talk = [&](const char* host) {
        tls_pair both{
            stream::client(io::tcp_stream::connect(listener.local_endpoint()), host, client),
            stream::server(listener.accept(), server)};
        gather([&] { both.server.write_all(bytes("x")); },
               [&] { EXPECT_EQ(test::read_exactly(both.client, 1), "x"); });
        EXPECT_EQ(both.client.agreed().resumed, both.server.agreed().resumed);
        return both.client.agreed().resumed;
      };
      EXPECT_FALSE(talk("localhost"));
      EXPECT_TRUE(talk("localhost"));
      EXPECT_TRUE(talk("localhost"));
      EXPECT_FALSE(talk("127.0.0.1")) << "a session is for the name it was verified for";
      server.reload();
      EXPECT_FALSE(talk("localhost")) << "tickets of before";
      EXPECT_TRUE(talk("localhost"));
    });
  }
}

TEST(tls_server, reloads_for_new_connections_and_keeps_the_old_ones) {
  const std::string path = ::testing::TempDir() + "heddle_tls_reload_" + std::to_string(::getpid());
  in_fibers([&] {
    const auto store = [&](const test::issued& who) {
      io::write_file(path + ".crt", who.certificate);
      io::write_file(path + ".key", who.key);
    };
    store(make_signed(test_authority(), {.common_name = "old"}));
    server_options options;
    options.certificate = pem::file(path + ".crt");
    options.key = pem::file(path + ".key");
    server_config config = options;
    tls_pair before = shaken_pair(test_client_options(), config);
    EXPECT_EQ(before.client.peer()->subject, "CN=old");

    store(make_signed(test_authority(), {.common_name = "new"}));
    config.reload();
    EXPECT_EQ(shaken_pair(test_client_options(), config).client.peer()->subject, "CN=new");
    before.client.write_all(bytes("still here"));
    EXPECT_EQ(test::read_exactly(before.server, 10), "still here");

    io::write_file(path + ".key", make_signed(test_authority(), {}).key);
    EXPECT_THROW(config.reload(), tls_error);
    io::write_file(path + ".crt", "nonsense");
    EXPECT_THROW(config.reload(), tls_error);
    EXPECT_EQ(shaken_pair(test_client_options(), config).client.peer()->subject, "CN=new");
  });
}

void echo(stream& over) {
  std::string room(4096, '\0');
  while (const std::size_t count = over.read_some(test::room_in(room))) {
    over.write_all(bytes(std::string_view(room).substr(0, count)));
  }
}

/// Serves while `talk(endpoint)` runs.
template <class Handler, class Talk>
void while_served(const server_config& config, Handler handler, Talk talk) {
  in_fibers([&] {
    listener from(io::tcp_listener::bind("127.0.0.1:0"), config);
    task<void> serving = spawn([&] { serve(from, handler); });
    talk(from.local_endpoint());
    from.close();
    serving.join();
  });
}

TEST(tls_serve, serves_one_fiber_a_connection) {
  const client_config client = test_client_options();
  while_served(test_server_options(), echo, [&](const io::endpoint& at) {
    std::vector<std::function<void()>> clients(20, [&] {
      stream one = connect("localhost", at.port(), client);
      one.write_all(bytes("hello"));
      EXPECT_EQ(test::read_exactly(one, 5), "hello");
      one.shutdown_write();
      std::error_code error;
      EXPECT_EQ(test::read_up_to_end(one, error), "");
      EXPECT_FALSE(error) << error.message();
    });
    gather(clients);
  });
}

TEST(tls_serve, ends_politely_when_the_handler_returns) {
  const auto greet = [](stream over) { over.write_all(bytes("bye")); };
  const auto greet_here = [](stream& over) { over.write_all(bytes("bye")); };
  const auto talk = [](const io::endpoint& at) {
    stream one = connect("127.0.0.1", at.port(), client_config(test_client_options()));
    std::error_code error;
    EXPECT_EQ(test::read_up_to_end(one, error), "bye");
    EXPECT_FALSE(error) << error.message();
  };
  while_served(test_server_options(), greet, talk);
  while_served(test_server_options(), greet_here, talk);
}

TEST(tls_serve, a_handshake_that_fails_is_counted_and_told_and_the_service_goes_on) {
  std::atomic<int> told{0};
  std::atomic<int> handled{0};
  server_options options = test_server_options();
  options.on_handshake_failure = [&](const handshake_failure& one) {
    EXPECT_THAT(one.reason, HasSubstr("GET"));
    EXPECT_EQ(one.error, tls_errc::not_tls);
    EXPECT_EQ(one.peer.host(), "127.0.0.1");
    ++told;
  };
  const server_config config = options;
  const auto handle = [&](stream& over) {
    ++handled;
    echo(over);
  };
  while_served(config, handle, [&](const io::endpoint& at) {
    io::tcp_stream plain = io::tcp_stream::connect(at);
    plain.write_all(bytes("GET / HTTP/1.0\r\n\r\n"));
    std::error_code error;
    std::string room(100, '\0');
    while (plain.read_some(test::room_in(room), error) > 0) {
    }
    stream good = connect("localhost", at.port(), client_config(test_client_options()));
    good.write_all(bytes("x"));
    EXPECT_EQ(test::read_exactly(good, 1), "x");
  });
  EXPECT_EQ(told, 1);
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(config.failed_handshakes(), 1U);
}

TEST(tls_serve, a_silent_client_holds_up_nobody) {
  const client_config client = test_client_options();
  while_served(test_server_options(), echo, [&](const io::endpoint& at) {
    std::vector<io::tcp_stream> silent;
    for (int n = 0; n < 10; ++n) silent.push_back(io::tcp_stream::connect(at));
    stream one = connect("localhost", at.port(), client);
    one.write_all(bytes("x"));
    EXPECT_EQ(test::read_exactly(one, 1), "x");
  });
}

}  // namespace
}  // namespace heddle::tls
