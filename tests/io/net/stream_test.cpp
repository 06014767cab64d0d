// SPDX-License-Identifier: MIT
// Reading, writing, half close and misuse of a connected stream.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace heddle::io {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Both kinds of stream keep the same promises.
class stream : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (endpoint(GetParam()).kind() == endpoint::family::local) at_ = "unix:" + path_;
  }
  test::stream_pair pair() const { return test::connected_pair(at_); }

  template <class F>
  static void in_fibers(F body) {
    heddle::run(test::with_loops(2), body);
  }

 private:
  std::string path_ = ::testing::TempDir() + "heddle_stream_" + std::to_string(::getpid());
  std::string at_ = GetParam();
};
std::string kind_name(const ::testing::TestParamInfo<const char*>& each) {
  constexpr std::array names{"tcp", "tcp6", "local"};
  return names[each.index];
}
INSTANTIATE_TEST_SUITE_P(over, stream, ::testing::Values("127.0.0.1:0", "[::1]:0", "unix:x"),
                         kind_name);

TEST_P(stream, carries_bytes_both_ways) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    auto& far = both.far;
    near.write_all(test::bytes("ping"));
    EXPECT_EQ(test::read_exactly(far, 4), "ping");
    far.write_all(test::bytes("pong!"));
    EXPECT_EQ(test::read_exactly(near, 5), "pong!");
    EXPECT_EQ(far.local_endpoint(), near.peer_endpoint());
    if (near.peer_endpoint().kind() != endpoint::family::local) {
      EXPECT_EQ(far.peer_endpoint(), near.local_endpoint());
    }
  });
}

TEST_P(stream, reads_what_there_is_without_waiting_for_more) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    auto& far = both.far;
    for (const std::string_view word : {"a", "bc", "def"}) {
      near.write_all(test::bytes(word));
      EXPECT_EQ(test::read_once(far), word);
    }
  });
}

TEST_P(stream, reads_the_end_again_and_again) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    auto& far = both.far;
    near.write_all(test::bytes("last"));
    near.close();
    EXPECT_EQ(test::read_all(far), "last");
    EXPECT_EQ(test::read_once(far), "");
    EXPECT_EQ(test::read_once(far), "");
  });
}

TEST_P(stream, goes_on_one_way_when_the_other_has_ended) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    auto& far = both.far;
    near.write_all(test::bytes("question"));
    near.shutdown_write();
    EXPECT_EQ(test::read_all(far), "question");
    far.write_all(test::bytes("answer"));
    EXPECT_EQ(test::read_once(near), "answer");
    far.write_all(test::bytes("and more"));
    far.shutdown_write();
    EXPECT_EQ(test::read_all(near), "and more");
    std::error_code error;
    near.write_some(test::bytes("x"), error);
    EXPECT_EQ(error, std::errc::broken_pipe);
  });
}

TEST_P(stream, wakes_a_reader_at_the_end) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    auto& far = both.far;
    task<std::string> reader = spawn([&far] { return test::read_all(far); });
    near.write_all(test::bytes("abc"));
    near.shutdown_write();
    EXPECT_EQ(reader.join(), "abc");
  });
}

TEST_P(stream, keeps_every_byte_in_order_through_full_buffers) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    auto& far = both.far;
    constexpr std::uint32_t words = 3'000'000;
    task<void> writer = spawn([&near] {
      std::vector<std::uint32_t> block(words);
      for (std::uint32_t i = 0; i < words; ++i) block[i] = i * 2654435761U;
      near.write_all(std::as_bytes(std::span(block)));
      near.shutdown_write();
    });
    std::vector<std::uint32_t> block(1000);
    for (std::uint32_t i = 0; i < words; ++i) {
      const std::uint32_t at = i % 1000;
      if (at == 0) far.read_exactly(std::as_writable_bytes(std::span(block)));
      ASSERT_EQ(block[at], i * 2654435761U) << "word " << i;
    }
    EXPECT_EQ(test::read_once(far), "");
    writer.join();
  });
}

TEST_P(stream, treats_empty_spans_as_nothing_to_do) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    auto& far = both.far;
    EXPECT_EQ(far.read_some({}), 0U);
    EXPECT_EQ(far.write_some({}), 0U);
    far.read_exactly({});
    far.write_all({});
    near.write_all(test::bytes("x"));
    EXPECT_EQ(test::read_once(far), "x");
  });
}

TEST_P(stream, says_when_it_ended_too_early) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    auto& far = both.far;
    near.write_all(test::bytes("123"));
    near.shutdown_write();
    std::string room(5, '\0');
    std::error_code error;
    EXPECT_EQ(far.read_exactly(test::room_in(room), error), 3U);
    EXPECT_EQ(error, io_errc::unexpected_end);
    try {
      far.read_exactly(test::room_in(room));
      ADD_FAILURE() << "read beyond the end";
    } catch (const io_error& early) {
      EXPECT_EQ(early.code(), io_errc::unexpected_end);
      EXPECT_EQ(early.where(), far.peer_endpoint());
    }
  });
}

TEST_P(stream, clears_the_error_code_of_an_earlier_call) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    auto& far = both.far;
    std::error_code error = std::make_error_code(std::errc::io_error);
    EXPECT_EQ(near.write_all(test::bytes("abc"), error), 3U);
    EXPECT_FALSE(error);
    error = std::make_error_code(std::errc::io_error);
    std::string room(3, '\0');
    EXPECT_EQ(far.read_exactly(test::room_in(room), error), 3U);
    EXPECT_FALSE(error);
    error = std::make_error_code(std::errc::io_error);
    near.shutdown_write(error);
    EXPECT_FALSE(error);
  });
}

TEST_P(stream, refuses_every_call_once_closed) {
  in_fibers([&] {
    auto both = pair();
    auto& near = both.near;
    const endpoint peer = near.peer_endpoint();
    EXPECT_TRUE(near.is_open());
    near.close();
    near.close();
    near.abort();
    EXPECT_FALSE(near.is_open());
    EXPECT_EQ(near.native_handle(), -1);
    EXPECT_EQ(near.peer_endpoint(), peer);
    std::error_code error;
    std::string room(1, '\0');
    const auto refused = [&error] {
      return std::exchange(error, {}) == std::errc::bad_file_descriptor;
    };
    EXPECT_TRUE((near.read_some(test::room_in(room), error), refused()));
    EXPECT_TRUE((near.write_some(test::bytes("x"), error), refused()));
    EXPECT_TRUE((near.read_exactly(test::room_in(room), error), refused()));
    EXPECT_TRUE((near.write_all(test::bytes("x"), error), refused()));
    EXPECT_TRUE((near.shutdown_write(error), refused()));
    EXPECT_TRUE((near.local_endpoint(error), refused()));
    EXPECT_TRUE((near.set_no_delay(toggle::on, error), refused()));
    EXPECT_TRUE((near.set_give_up_after(std::chrono::seconds{9}, error), refused()));
  });
}

TEST_P(stream, tells_whether_a_read_would_wait_without_reading) {
  in_fibers([&] {
    auto both = pair();
    EXPECT_FALSE(both.near.is_readable());
    both.far.write_all(test::bytes("x"));
    both.near.wait_readable();
    EXPECT_TRUE(both.near.is_readable());
    EXPECT_EQ(test::read_once(both.near), "x");
    EXPECT_FALSE(both.near.is_readable());
    both.far.close();
    both.near.wait_readable();
    EXPECT_TRUE(both.near.is_readable());
    both.near.close();
    EXPECT_TRUE(both.near.is_readable());
  });
}

TEST_P(stream, a_read_that_does_not_wait_says_so_when_it_would_have_to) {
  in_fibers([&] {
    auto both = pair();
    std::error_code error;
    std::string room(4, '\0');
    EXPECT_EQ(both.near.try_read_some(test::room_in(room), error), 0U);
    EXPECT_EQ(error, std::errc::operation_would_block);
    both.far.write_all(test::bytes("abcdef"));
    both.near.wait_readable();
    EXPECT_EQ(both.near.try_read_some(test::room_in(room), error), 4U);
    EXPECT_EQ(room, "abcd");
    EXPECT_EQ(both.near.try_read_some(test::room_in(room), error), 2U);
    EXPECT_EQ(both.near.try_read_some(test::room_in(room), error), 0U);
    EXPECT_EQ(error, std::errc::operation_would_block);
    both.far.close();
    both.near.wait_readable();
    EXPECT_EQ(both.near.try_read_some(test::room_in(room), error), 0U);
    EXPECT_FALSE(error) << error.message();
    both.near.close();
    EXPECT_EQ(both.near.try_read_some(test::room_in(room), error), 0U);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
  });
}

TEST_P(stream, a_write_that_does_not_wait_says_so_when_it_would_have_to) {
  in_fibers([&] {
    auto both = pair();
    std::error_code error;
    const std::string block(65536, 'x');
    std::size_t sent = 0;
    while (!error) sent += both.near.try_write_some(test::bytes(block), error);
    EXPECT_EQ(error, std::errc::operation_would_block);
    EXPECT_EQ(both.near.try_write_some(test::bytes("y"), error), 0U);
    EXPECT_EQ(error, std::errc::operation_would_block);
    EXPECT_EQ(test::read_exactly(both.far, sent), std::string(sent, 'x'));
    both.near.write_all(test::bytes("z"));  // the edge is not lost
    EXPECT_EQ(test::read_exactly(both.far, 1), "z");
    EXPECT_EQ(both.near.try_write_some(test::bytes("y"), error), 1U);
    EXPECT_FALSE(error);
    both.near.close();
    EXPECT_EQ(both.near.try_write_some(test::bytes("y"), error), 0U);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
  });
}

TEST_P(stream, waits_for_bytes_without_taking_them) {
  in_fibers([&] {
    auto both = pair();
    task<void> waits = spawn([&] { both.near.wait_readable(); });
    test::let_all_run();
    EXPECT_FALSE(waits.done());
    both.far.write_all(test::bytes("ab"));
    waits.join();
    both.near.wait_readable();  // as often as one likes
    EXPECT_EQ(test::read_exactly(both.near, 1), "a");
    both.near.wait_readable();
    EXPECT_EQ(test::read_exactly(both.near, 1), "b");
    task<void> again = spawn([&] { both.near.wait_readable(); });
    test::let_all_run();
    EXPECT_FALSE(again.done()) << "all has been read";
    both.far.shutdown_write();
    again.join();
    EXPECT_EQ(test::read_once(both.near), "");
  });
}

TEST_P(stream, a_wait_for_bytes_ends_when_another_fiber_closes) {
  in_fibers([&] {
    auto both = pair();
    std::error_code error;
    task<void> waits = spawn([&] { both.near.wait_readable(error); });
    test::let_all_run();
    both.near.close();
    waits.join();
    EXPECT_EQ(error, std::errc::operation_canceled);
    both.near.wait_readable(error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    EXPECT_THROW(both.near.wait_readable(), io_error);
  });
}

TEST(stream_misuse, that_never_was_or_was_moved_from_is_closed) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    auto& near = both.near;
    auto& far = both.far;
    const tcp_stream other = std::move(near);
    EXPECT_TRUE(other.is_open());
    far = tcp_stream();
    for (tcp_stream* const none : {&near, &far}) {  // NOLINT(bugprone-use-after-move): that is it
      EXPECT_FALSE(none->is_open());
      EXPECT_EQ(none->peer_endpoint(), endpoint());
      none->close();
      EXPECT_THROW(none->write_all(test::bytes("x")), io_error);
    }
  });
}

TEST(stream_misuse, names_operation_and_peer_in_its_errors) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    auto& near = both.near;
    const std::string peer = near.peer_endpoint().to_string();
    near.close();
    const auto message = [](auto call) -> std::string {
      try {
        call();
        return "nothing was thrown";
      } catch (const io_error& error) {
        return error.what();
      }
    };
    EXPECT_THAT(message([&] { near.write_all(test::bytes("x")); }),
                StartsWith("write to " + peer + ": Bad file descriptor"));
    EXPECT_THAT(message([&] { test::read_once(near); }), StartsWith("read from " + peer + ": "));
    EXPECT_THAT(message([&] { near.shutdown_write(); }), HasSubstr(peer));
    EXPECT_THAT(message([&] { near.set_no_delay(toggle::off); }), HasSubstr(peer));
    EXPECT_THAT(message([&] { near.set_give_up_after(std::chrono::seconds{2}); }), HasSubstr(peer));
    EXPECT_THAT(message([&] { static_cast<void>(near.local_endpoint()); }), HasSubstr(peer));
  });
}

}  // namespace
}  // namespace heddle::io
