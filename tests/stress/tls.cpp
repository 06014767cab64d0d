// SPDX-License-Identifier: MIT
// TLS in both directions at once, two fibers a side, on several loops, while keys are renewed, and
// writers are cancelled at any moment: every byte that a write has taken arrives, once, in order.
#include <heddle/tls.hpp>

#include "io/net/sockets.hpp"
#include "stress/stress.hpp"
#include "tls/support/authority.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace {

using namespace heddle;
using stress::require;

constexpr std::size_t bytes_a_round = std::size_t{4} * 1024 * 1024;

std::atomic<std::uint64_t> cut_writes{0};

char byte_at(std::uint64_t offset) {
  return static_cast<char>((offset * 131 + (offset >> 9)) & 255);
}

/// Writes pieces of random sizes; now and then its write is cancelled in the middle.
void write_pattern(tls::stream& to, std::uint64_t seed) {
  test::random_numbers random(seed);
  std::string piece;
  for (std::uint64_t sent = 0; sent < bytes_a_round;) {
    piece.resize(std::min<std::size_t>(1 + random.below(90'000), bytes_a_round - sent));
    for (std::size_t at = 0; at < piece.size(); ++at) piece[at] = byte_at(sent + at);
    if (random.below(16) == 0) to.renew_keys();
    std::size_t taken = 0;
    move_on_after(std::chrono::microseconds(random.below(4) == 0 ? random.below(300) : 1'000'000),
                  [&] { taken = to.write_some(test::bytes(piece)); });
    if (taken == 0) cut_writes.fetch_add(1, std::memory_order_relaxed);
    sent += taken;
  }
  to.shutdown_write();
}

void read_pattern(tls::stream& from) {
  std::string room(50'000, '\0');
  std::uint64_t come = 0;
  while (const std::size_t count = from.read_some(test::room_in(room))) {
    for (std::size_t at = 0; at < count; ++at) {
      require(room[at] == byte_at(come + at), "a byte is not the one that was written there");
    }
    come += count;
  }
  require(come == bytes_a_round, "bytes are missing");
}

void one_round(const tls::client_config& client, const tls::server_config& server,
               std::uint64_t seed) {
  test::stream_pair raw = test::connected_pair();
  tls::stream near = tls::stream::client(std::move(raw.near), "localhost", client);
  tls::stream far = tls::stream::server(std::move(raw.far), server);
  gather([&] { write_pattern(near, seed); }, [&] { read_pattern(far); },
         [&] { write_pattern(far, seed + 1); }, [&] { read_pattern(near); });
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options chosen = stress::parse(argc, argv, {.rounds = 20});
  tls::client_options client;
  client.trusted = tls::trust::only_ca;
  client.ca = tls::pem::text(test::test_authority().certificate);
  tls::server_options server;
  server.certificate = tls::pem::text(test::test_server().certificate);
  server.key = tls::pem::text(test::test_server().key);
  const tls::client_config client_config = client;
  const tls::server_config server_config = server;
  stress::watchdog guard;
  stress::round_counter rounds(chosen);
  runtime many(stress::with_loops(chosen.loops));
  const stress::watchdog::watching watched(guard, many);
  std::uint64_t seed = 0;
  while (rounds.next()) {
    many.run([&] { one_round(client_config, server_config, seed); });
    guard.tick();
    seed += 2;
  }
  require(cut_writes > 0, "no write was ever cancelled: this run has tested too little");
  std::printf("%llu bytes a direction, %llu writes cancelled before they took any, all add up\n",
              static_cast<unsigned long long>(seed / 2 * bytes_a_round),
              static_cast<unsigned long long>(cut_writes));
}
