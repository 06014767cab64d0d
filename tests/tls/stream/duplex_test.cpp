// SPDX-License-Identifier: MIT
// Both directions at once, two fibers a side, with keys that change on the way.
#include <heddle/tls/stream.hpp>

#include "runtime/support/sanitized.hpp"
#include "tls/support/openssl_peer.hpp"
#include "tls/support/tls_pair.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include <sys/socket.h>

namespace heddle::tls {
namespace {

using test::tls_pair;

using test::byte_at;

constexpr std::size_t total_bytes = std::size_t{test::sanitized ? 10 : 100} * 1024 * 1024;

void write_pattern(stream& to, char salt, std::size_t renew_every) {
  std::string block(50'000, '\0');
  std::size_t renewed = 0;
  for (std::uint64_t sent = 0; sent < total_bytes;) {
    const std::size_t size = std::min<std::size_t>(block.size(), total_bytes - sent);
    for (std::size_t at = 0; at < size; ++at) block[at] = byte_at(sent + at, salt);
    if (sent / renew_every > renewed) {
      renewed = sent / renew_every;
      to.renew_keys();
    }
    to.write_all(test::bytes(std::string_view(block).substr(0, size)));
    sent += size;
  }
  to.shutdown_write();
}

/// Returns how many bytes came as they should, up to the end.
std::uint64_t read_pattern(stream& from, char salt) {
  std::string room(70'000, '\0');
  std::uint64_t come = 0;
  while (const std::size_t count = from.read_some(test::room_in(room))) {
    for (std::size_t at = 0; at < count; ++at) {
      if (room[at] != byte_at(come + at, salt)) return come + at;
    }
    come += count;
  }
  return come;
}

void talk(tls_pair& both, std::size_t renew_every) {
  gather([&] { write_pattern(both.client, 'c', renew_every); },
         [&] { EXPECT_EQ(read_pattern(both.server, 'c'), total_bytes); },
         [&] { write_pattern(both.server, 's', renew_every); },
         [&] { EXPECT_EQ(read_pattern(both.client, 's'), total_bytes); });
}

TEST(tls_duplex, goes_both_ways_at_once_while_keys_are_renewed) {
  heddle::run(test::with_loops(4), [] {
    tls_pair both = test::shaken_pair();
    talk(both, 300'000);
  });
}

TEST(tls_duplex, goes_both_ways_at_once_over_tls_1_2) {
  heddle::run(test::with_loops(4), [] {
    client_options old = test::test_client_options();
    old.highest = version::tls_1_2;
    tls_pair both = test::shaken_pair(old);
    EXPECT_EQ(both.server.agreed().spoken, version::tls_1_2);
    talk(both, 2 * total_bytes);  // it has no key updates
  });
}

/// Talks with OpenSSL, which asks for new keys, too, and hands out tickets if it is the server.
void talk_with_openssl(stream near, int far, test::openssl_role role) {
  test::openssl_report found;
  std::thread peer([&] {
    found = test::talk_as_openssl(
        far, {.role = role, .total_bytes = total_bytes, .renew_every = 500'000});
  });
  std::string failure;
  try {
    gather([&] { write_pattern(near, 'h', 300'000); },
           [&] { EXPECT_EQ(read_pattern(near, 'o'), total_bytes); });
  } catch (const tls_error& error) {
    failure = error.what();
    near.close();  // or the peer waits for more
  }
  blocking([&] { peer.join(); });
  EXPECT_EQ(failure, "");
  EXPECT_EQ(found.error, "");
  EXPECT_EQ(found.received, total_bytes);
  const bool serves = role == test::openssl_role::server;
  EXPECT_GE(found.renewals, total_bytes / 500'000 / (serves ? 2 : 1) - 1);
  EXPECT_GE(found.tickets + 1, serves ? found.renewals : 1U);
}

TEST(tls_duplex, goes_both_ways_while_openssl_renews_keys_and_hands_out_tickets) {
  heddle::run(test::with_loops(2), [] {
    test::stream_pair raw = test::connected_pair();
    talk_with_openssl(stream::client(std::move(raw.near), "localhost", test::test_client_options()),
                      raw.far.native_handle(), test::openssl_role::server);
  });
}

TEST(tls_duplex, goes_both_ways_while_a_client_of_openssl_renews_keys) {
  heddle::run(test::with_loops(2), [] {
    test::stream_pair raw = test::connected_pair();
    talk_with_openssl(stream::server(std::move(raw.near), test::test_server_options()),
                      raw.far.native_handle(), test::openssl_role::client);
  });
}

TEST(tls_duplex, answers_key_updates_though_it_never_writes) {
  heddle::run(test::with_loops(2), [] {
    tls_pair both = test::shaken_pair();
    gather(
        [&] {
          for (int turn = 0; turn < 200; ++turn) {
            both.client.renew_keys();
            both.client.write_all(test::bytes("x"));
          }
          both.client.shutdown_write();
          std::error_code error;
          EXPECT_EQ(test::read_up_to_end(both.client, error), "");
          EXPECT_FALSE(error) << both.client.failure();
        },
        [&] {
          std::error_code error;
          EXPECT_EQ(test::read_up_to_end(both.server, error), std::string(200, 'x'));
          EXPECT_FALSE(error) << both.server.failure();
          both.server.shutdown_write();
        });
  });
}

TEST(tls_duplex, a_peer_that_asks_for_answers_and_reads_none_is_cut_off) {
  heddle::run(test::with_loops(2), [] {
    test::stream_pair raw = test::connected_pair();
    const int little = 4096;  // or the kernel takes megabytes of answers
    ::setsockopt(raw.far.native_handle(), SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    tls_pair both{stream::client(std::move(raw.near), "localhost", test::test_client_options()),
                  stream::server(std::move(raw.far), test::test_server_options())};
    gather([&] { both.client.handshake(); }, [&] { both.server.handshake(); });
    std::error_code flooded;
    gather(
        [&] {
          std::error_code error;
          const auto limit = deadline::after(std::chrono::seconds(50));
          while (!error && !limit.passed()) {
            both.client.renew_keys();
            both.client.write_some(test::bytes("x"), error);
          }
          both.client.close();
        },
        [&] {
          test::read_up_to_end(both.server, flooded);
          both.server.close();
        });
    EXPECT_EQ(flooded, tls_errc::flooded) << flooded.message();
  });
}

}  // namespace
}  // namespace heddle::tls
