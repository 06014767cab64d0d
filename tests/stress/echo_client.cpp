// SPDX-License-Identifier: MIT
// The client of the echo stress: each connection sends a sequence of its own, which no other one
// sends, and checks every byte that comes back. One life in ten ends in a reset at a random moment;
// the others end orderly, and have all their bytes by then.
#include "stress/echo.hpp"

#include <heddle/io/tcp.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <system_error>

namespace heddle::stress {

namespace {

using test::random_numbers;

constexpr std::size_t largest_piece = 3000;
constexpr std::uint32_t most_exchanges = 12;
constexpr std::uint32_t resets_once_in = 10;

/// The bytes that connection number `life` sends, from position `at` on.
void fill(std::span<std::byte> piece, std::uint64_t life, std::uint64_t at) {
  for (std::byte& each : piece) {
    const std::uint64_t word = (life * 0x9E3779B97F4A7C15U) ^ (at / 8 * 0xBF58476D1CE4E5B9U);
    each = static_cast<std::byte>((word ^ word >> 29) >> (at % 8 * 8));
    ++at;
  }
}

struct crowd {
  const io::endpoint& server;
  round_counter rounds;
  std::size_t size;
  watchdog guard{};
  std::atomic<std::uint64_t> lives{0};
  std::atomic<std::uint64_t> ended_well{0};
  std::atomic<std::uint64_t> resets{0};
  std::atomic<std::size_t> open{0};
  std::atomic<bool> all_open{false};
  wait_queue waiting{};

  /// Holds the first connections until all of them are open at the same time.
  void wait_for_all() {
    if (open.fetch_add(1) + 1 == size) {
      waiting.wake_all(wake_reason::event, [this]() noexcept { all_open = true; });
    }
    waiting.wait_unless([this]() noexcept { return all_open.load(); });
  }
};

/// Sends a piece and reads it back, both in one fiber or each in its own.
void exchange(io::tcp_stream& over, random_numbers& random, std::uint64_t life, std::uint64_t at) {
  std::array<std::byte, largest_piece> sent;
  std::array<std::byte, largest_piece> echoed;
  const std::size_t size = 1 + random.below(largest_piece);
  const auto piece = std::span(sent).first(size);
  fill(piece, life, at);
  task<void> writer;
  if (random.once_in(4)) {
    writer = spawn([&over, piece] { over.write_all(piece); });
  } else {
    over.write_all(piece);
  }
  over.read_exactly(std::span(echoed).first(size));
  require(std::ranges::equal(piece, std::span(echoed).first(size)), "a byte came back wrong");
  if (writer.joinable()) writer.join();
}

/// Sends something that may come back in part or not at all, and resets.
void reset(io::tcp_stream& over, random_numbers& random, std::uint64_t life) {
  std::array<std::byte, largest_piece> piece;
  fill(piece, life, 0);
  over.write_all(std::span(piece).first(1 + random.below(largest_piece)));
  if (random.once_in(2)) over.read_some(piece);
  over.abort();
}

void live(crowd& all, random_numbers& random, bool first) {
  const std::uint64_t life = ++all.lives;
  io::connect_options patient;
  patient.timeout = std::chrono::minutes(1);
  io::tcp_stream over = io::tcp_stream::connect(all.server, patient);
  all.guard.tick();
  if (first) all.wait_for_all();
  const bool resets = random.once_in(resets_once_in);
  std::uint64_t at = 0;
  for (std::uint32_t left = random.below(most_exchanges); left > 0; --left) {
    exchange(over, random, life, at);
    at += largest_piece;
    all.guard.tick();
  }
  if (resets) {
    reset(over, random, life);
    ++all.resets;
    return;
  }
  over.shutdown_write();
  std::array<std::byte, 16> rest;
  require(over.read_some(rest) == 0, "more came back than was sent");
  ++all.ended_well;
}

void live_on(crowd& all, std::uint64_t place) {
  random_numbers random(place);
  for (bool first = true; all.rounds.next(); first = false) {
    live(all, random, first);
    all.guard.tick();
  }
}

}  // namespace

std::uint64_t run_echo_clients(const io::endpoint& server, const options& asked) {
  crowd all{server, round_counter(asked), connections_at_once(asked)};
  {
    runtime home(with_loops(asked.loops));
    const watchdog::watching watched(all.guard, home);
    home.run([&all] {
      std::vector<task<void>> places;
      for (std::size_t n = 0; n < all.size; ++n) {
        places.push_back(spawn([&all, n] { live_on(all, n); }));
      }
      for (auto& each : places) each.join();
    });
  }
  std::printf("client: %zu connections at once, %llu in all, %llu of them reset\n", all.size,
              static_cast<unsigned long long>(all.lives),
              static_cast<unsigned long long>(all.resets));
  std::fflush(stdout);
  return all.ended_well;
}

}  // namespace heddle::stress
