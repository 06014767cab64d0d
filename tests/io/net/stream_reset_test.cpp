// SPDX-License-Identifier: MIT
// A peer that resets the connection: whoever reads or writes is told, nobody else notices.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"
#include "runtime/support/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <sys/socket.h>

namespace heddle::io {
namespace {

/// Has the next close of the stream reset the connection, as programs do that know only sockets.
void linger_not_at_all(const tcp_stream& over) {
  const linger at_once{1, 0};
  ASSERT_EQ(::setsockopt(over.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
}

std::error_code read_error(tcp_stream& from) {
  std::error_code error;
  std::string room(100, '\0');
  while (!error && from.read_some(test::room_in(room), error) != 0) {
  }
  return error;
}

TEST(stream_reset, reaches_a_fiber_that_waits_to_read) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    auto& near = both.near;
    auto& far = both.far;
    task<std::error_code> reader = spawn([&near] { return read_error(near); });
    test::let_all_run();
    far.abort();
    EXPECT_EQ(reader.join(), std::errc::connection_reset);
    EXPECT_TRUE(near.is_open());
  });
}

TEST(stream_reset, reaches_a_fiber_that_waits_to_write) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    auto& near = both.near;
    auto& far = both.far;
    task<std::error_code> writer = spawn([&near] { return test::write_for_ever(near); });
    test::let_all_run();
    linger_not_at_all(far);
    far.close();
    const std::error_code error = writer.join();
    EXPECT_TRUE(error == std::errc::connection_reset || error == std::errc::broken_pipe) << error;
  });
}

TEST(stream_reset, reaches_the_peer_although_our_own_fibers_are_under_way) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    auto& near = both.near;
    auto& far = both.far;
    task<std::error_code> peer = spawn([&near] { return read_error(near); });
    task<std::error_code> own = spawn([&far] { return read_error(far); });
    test::let_all_run();
    far.abort();
    EXPECT_EQ(own.join(), std::errc::operation_canceled);
    EXPECT_EQ(peer.join(), std::errc::connection_reset);
  });
}

TEST(stream_reset, is_reported_by_later_calls_too) {
  heddle::run(test::with_loops(2), [] {
    auto both = test::connected_pair();
    auto& near = both.near;
    auto& far = both.far;
    far.abort();
    EXPECT_EQ(read_error(near), std::errc::connection_reset);
    std::error_code error;
    near.write_all(test::bytes("x"), error);
    EXPECT_EQ(error, std::errc::broken_pipe);
    EXPECT_EQ(test::read_once(near), "");
    near.close();
  });
}

TEST(stream_reset, at_any_byte_leaves_a_true_prefix_and_spares_the_others) {
  heddle::run(test::with_loops(2), [] {
    test::random_numbers random(0);
    auto pair = test::connected_pair();
    auto& spared = pair.near;
    auto& friendly = pair.far;
    std::string message(20000, '\0');
    for (char& c : message) c = static_cast<char>(random.next());
    for (int round = 0; round < 200; ++round) {
      auto both = test::connected_pair();
      auto& near = both.near;
      auto& far = both.far;
      const std::size_t sent = random.below(20000);
      task<void> attacker = spawn([&far, &message, sent] {
        far.write_all(test::bytes(message).first(sent));
        far.abort();
      });
      std::string got;
      std::error_code error;
      std::string room(777, '\0');
      while (!error) {
        const std::size_t more = near.read_some(test::room_in(room), error);
        got.append(room, 0, more);
        ASSERT_TRUE(more != 0 || error) << "a reset looks like an end";
      }
      EXPECT_EQ(error, std::errc::connection_reset);
      ASSERT_LE(got.size(), sent);
      ASSERT_EQ(got, message.substr(0, got.size()));
      attacker.join();
      friendly.write_all(test::bytes("still here"));
      ASSERT_EQ(test::read_exactly(spared, 10), "still here");
    }
  });
}

TEST(stream_reset, by_a_thread_ends_calls_that_are_under_way_on_two_others) {
  runtime readers(test::with_loops(1));
  runtime writers(test::with_loops(1));
  for (int round = 0; round < 1'000; ++round) {
    auto both = test::connected_pair();
    std::atomic<bool> going{false};
    task<void> writer = writers.spawn([&] {
      const std::vector<std::byte> piece(70'000);
      for (std::error_code error; !error;) both.far.write_some(piece, error);
    });
    task<void> reader = readers.spawn([&] {
      std::array<std::byte, 4096> piece;
      std::error_code error;
      while (both.near.read_some(piece, error) != 0 && !error) {
        going.store(true, std::memory_order_relaxed);  // orders nothing: for the sanitizer
      }
    });
    while (!going.load(std::memory_order_relaxed)) std::this_thread::yield();
    test::spin(static_cast<std::uint32_t>(round * 37 % 5'000));
    both.near.abort();
    reader.join();
    writer.join();
  }
}

}  // namespace
}  // namespace heddle::io
