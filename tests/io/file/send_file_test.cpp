// SPDX-License-Identifier: MIT
// A file into a socket: all of it, parts of it, peers that are slow, gone, or closed meanwhile.
#include <heddle/io/send_file.hpp>
#include <heddle/io/unix.hpp>

#include "io/dns/temporary_file.hpp"
#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace heddle::io {
namespace {

std::string content_of(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t n = 0; n < bytes; ++n) text[n] = static_cast<char>(n * 131 >> 7);
  return text;
}

TEST(send_file, sends_all_of_it_to_a_peer_of_any_speed) {
  heddle::run(test::with_loops(2), [] {
    for (const std::size_t bytes : {0U, 1U, 4096U, 20'000'001U}) {
      const std::string content = content_of(bytes);
      const test::temporary_file on_disk(content);
      const file from = file::open(on_disk.path());
      auto both = test::connected_pair();
      task<std::string> reader = spawn([&] { return test::read_all(both.far); });
      EXPECT_EQ(send_file(both.near, from), bytes);
      both.near.shutdown_write();
      EXPECT_TRUE(reader.join() == content) << bytes;
    }
  });
}

TEST(send_file, sends_the_part_that_is_asked_for) {
  const auto body = [] {
    const test::temporary_file on_disk("0123456789");
    const file from = file::open(on_disk.path());
    auto both = test::connected_pair();
    file_part part{.offset = 3, .bytes = 4};
    EXPECT_EQ(send_file(both.near, from, part), 4U);
    EXPECT_EQ(part.offset, 7U);
    EXPECT_EQ(part.bytes, 0U);
    EXPECT_EQ(test::read_exactly(both.far, 4), "3456");
    file_part beyond{.offset = 8, .bytes = 100};
    EXPECT_EQ(send_file(both.near, from, beyond), 2U);
    EXPECT_EQ(beyond.bytes, 98U);
    EXPECT_EQ(test::read_exactly(both.far, 2), "89");
    file_part nothing{.offset = 100, .bytes = 100};
    EXPECT_EQ(send_file(both.near, from, nothing), 0U);
  };
  test::everywhere(body);
}

TEST(send_file, goes_into_unix_sockets) {
  heddle::run(test::with_loops(1), [] {
    const test::temporary_file on_disk("abc");
    auto ends = unix_stream::make_pair();
    EXPECT_EQ(send_file(ends.first, file::open(on_disk.path())), 3U);
    std::string got(3, '\0');
    ends.second.read_exactly(test::room_in(got));
    EXPECT_EQ(got, "abc");
  });
}

/// Until it waits for a peer that does not read.
void wait_until_stuck(const file_part& part) {
  for (std::uint64_t last = 1; last != part.offset || last == 0;) {
    last = part.offset;
    this_fiber::sleep_for(std::chrono::milliseconds{20});
  }
}

TEST(send_file, says_after_a_cancellation_what_was_sent) {
  heddle::run(test::with_loops(1), [] {
    const std::string content = content_of(30'000'000);  // more than any buffer
    const test::temporary_file on_disk(content);
    const file from = file::open(on_disk.path());
    auto both = test::connected_pair();
    file_part part;
    task<void> sender = spawn([&] { send_file(both.near, from, part); });
    wait_until_stuck(part);
    sender.cancel();
    EXPECT_THROW(sender.join(), task_cancelled);
    ASSERT_LT(part.offset, content.size());
    both.near.shutdown_write();
    EXPECT_TRUE(test::read_all(both.far) == content.substr(0, part.offset));
  });
}

TEST(send_file, ends_when_the_stream_is_closed_or_the_peer_is_gone) {
  heddle::run(test::with_loops(1), [] {
    const test::temporary_file on_disk(content_of(30'000'000));
    const file from = file::open(on_disk.path());
    for (const bool by_peer : {false, true}) {
      auto both = test::connected_pair();
      std::error_code error;
      file_part part;
      task<void> sender = spawn([&] { send_file(both.near, from, part, error); });
      wait_until_stuck(part);
      by_peer ? both.far.abort() : both.near.close();
      sender.join();
      EXPECT_EQ(error, by_peer ? std::errc::connection_reset : std::errc::operation_canceled);
      part = {};
      send_file(both.near, from, part, error);  // and raises no SIGPIPE
      EXPECT_EQ(error, by_peer ? std::errc::broken_pipe : std::errc::bad_file_descriptor);
    }
  });
}

TEST(send_file, refuses_pieces_out_of_range) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    file_part part;
    part.piece_bytes = 0;
    EXPECT_THROW(send_file(both.near, file(), part), std::invalid_argument);
    part.piece_bytes = 1;
    const test::temporary_file on_disk("abc");
    EXPECT_EQ(send_file(both.near, file::open(on_disk.path()), part), 3U);
    EXPECT_EQ(test::read_exactly(both.far, 3), "abc");
  });
}

TEST(send_file, names_the_peer_when_it_fails) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    const file never;
    try {
      send_file(both.near, never);
      ADD_FAILURE() << "it worked";
    } catch (const io_error& error) {
      EXPECT_STREQ(error.what(), "send a file that is closed: Bad file descriptor");
    }
    const test::temporary_file on_disk("abc");
    const file from = file::open(on_disk.path());
    const std::string peer = both.near.peer_endpoint().to_string();
    both.near.close();
    try {
      send_file(both.near, from);
      ADD_FAILURE() << "it worked";
    } catch (const io_error& error) {
      EXPECT_EQ(error.what(), "send a file to " + peer + ": Bad file descriptor");
    }
  });
}

}  // namespace
}  // namespace heddle::io
