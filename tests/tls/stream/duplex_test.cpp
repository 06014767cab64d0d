// SPDX-License-Identifier: MIT
// Both directions at once, two fibers a side, with keys that change on the way.
#include <heddle/tls/stream.hpp>

#include "tls/support/tls_pair.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <sys/socket.h>

namespace heddle::tls {
namespace {

using test::tls_pair;

constexpr std::size_t total_bytes = std::size_t{20} * 1024 * 1024;

/// The byte at an offset of a direction.
char byte_at(std::uint64_t offset, char salt) {
  return static_cast<char>((offset * 131 + (offset >> 9) + static_cast<unsigned char>(salt)) & 255);
}

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
