// SPDX-License-Identifier: MIT
// Everything that waits is cancelled, and timed out, at each of its suspension points.
#include <heddle/testing/cancel_sweep.hpp>
#include <heddle/tls/listener.hpp>

#include "runtime/support/sanitized.hpp"
#include "tls/support/tls_pair.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace heddle::tls {
namespace {

using test::bytes;

/// Sessions of an earlier run would make the next one another.
client_options without_sessions() {
  client_options options = test::test_client_options();
  options.session_cache_size = 0;
  return options;
}

template <class Program>
void sweep(Program program) {
  const client_config client = without_sessions();
  const server_config server =
      test::server_options_of(test::make_signed(test::test_authority(), {.rsa = true}));
  testing::sweep_options options;
  const std::uint64_t seeds = test::sanitized ? 1 : 3;  // a run costs ten times as much
  for (options.seed = 1; options.seed <= seeds; ++options.seed) {
    options.loops = options.seed % 2 == 0 ? 1 : 3;
    const auto report = testing::cancel_sweep([&] { program(client, server); }, options);
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_GE(report.points, 8U);
    if (!report.ok()) return;
  }
}

TEST(tls_sweep, handshake_leaves_nothing_behind) {
  sweep([](const client_config& client, const server_config& server) {
    test::tls_pair both = test::new_pair(client, server);
    test::shake(both);
  });
}

TEST(tls_sweep, read_write_and_shutdown_leave_nothing_behind) {
  sweep([](const client_config& client, const server_config& server) {
    test::tls_pair both = test::new_pair(client, server);
    const std::string much(test::sanitized ? 70'000 : 150'000, 'x');
    task_group all;
    all.spawn([&] {
      std::error_code error;
      both.server.write_all(bytes(much), error);
      if (!error) both.server.shutdown_write(error);
    });
    all.spawn([&] {
      std::error_code error;
      test::read_up_to_end(both.server, error);
    });
    all.run([&] {
      std::error_code error;
      both.client.wait_readable(error);
      both.client.write_all(bytes("hello"), error);
      EXPECT_EQ(test::read_up_to_end(both.client, error), much);
      EXPECT_FALSE(error) << error.message();
      both.client.shutdown_write(error);
    });
  });
}

TEST(tls_sweep, serve_leaves_nothing_behind) {
  sweep([](const client_config& client, const server_config& server) {
    listener from(io::tcp_listener::bind("127.0.0.1:0"), server);
    task_group all;
    all.spawn([&] {
      serve(from, [](stream& over) {
        std::error_code error;
        over.write_all(bytes("bye"), error);
      });
    });
    all.run([&] {
      const io::endpoint at = from.local_endpoint();
      stream one = stream::client(io::tcp_stream::connect(at), "localhost", client);
      std::error_code error;
      EXPECT_EQ(test::read_up_to_end(one, error), "bye");
      from.close();
    });
  });
}

}  // namespace
}  // namespace heddle::tls
