// SPDX-License-Identifier: MIT
// Reading, writing, ends and misuse of a TLS stream.
#include <heddle/tls/stream.hpp>

#include <heddle/io/buffered_reader.hpp>
#include <heddle/sync/event.hpp>

#include "runtime/support/sanitized.hpp"
#include "tls/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include <malloc.h>

namespace heddle::tls {
namespace {

using namespace std::chrono_literals;

using test::bytes;
using test::room_in;
using test::shaken_pair;
using test::tls_pair;
using ::testing::HasSubstr;

template <class F>
void in_fibers(F body) {
  heddle::run(test::with_loops(2), body);
}

TEST(tls_stream, carries_bytes_both_ways) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    both.client.write_all(bytes("ping"));
    EXPECT_EQ(test::read_exactly(both.server, 4), "ping");
    both.server.write_all(bytes("pong!"));
    EXPECT_EQ(test::read_exactly(both.client, 5), "pong!");
    EXPECT_EQ(both.client.peer_endpoint(), both.server.local_endpoint());
  });
}

TEST(tls_stream, shakes_hands_when_it_is_first_used) {
  in_fibers([] {
    tls_pair both = test::new_pair(test::test_client_options(), test::test_server_options());
    gather([&] { both.client.write_all(bytes("hello")); },
           [&] { EXPECT_EQ(test::read_exactly(both.server, 5), "hello"); });
  });
}

TEST(tls_stream, tells_whether_a_read_has_something_to_tell_past_tickets_and_new_keys) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    EXPECT_FALSE(both.client.is_readable()) << "tickets";  // on loopback what is sent has arrived
    both.server.renew_keys();
    both.server.write_all(bytes("ab"));
    EXPECT_TRUE(both.client.is_readable());
    EXPECT_TRUE(both.client.is_readable());
    EXPECT_EQ(test::read_exactly(both.client, 1), "a");
    EXPECT_TRUE(both.client.is_readable()) << "held by OpenSSL";
    EXPECT_EQ(test::read_exactly(both.client, 1), "b");
    EXPECT_FALSE(both.client.is_readable());
    both.client.write_all(bytes("with the new keys"));
    EXPECT_EQ(test::read_exactly(both.server, 17), "with the new keys");
    both.server.shutdown_write();
    EXPECT_TRUE(both.client.is_readable()) << "the end";
    std::string room(1, '\0');
    EXPECT_EQ(both.client.read_some(room_in(room)), 0U);
    both.client.close();
    EXPECT_TRUE(both.client.is_readable());
    EXPECT_TRUE(stream().is_readable());
  });
}

TEST(tls_stream, holds_no_buffer_while_a_reader_waits) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer has a malloc of its own";
  heddle::run(test::with_loops(1), [] {
    tls_pair both = shaken_pair();
    EXPECT_FALSE(both.client.is_readable()) << "tickets";
    const std::size_t before = ::mallinfo2().uordblks;
    auto reads = spawn([&] { return test::read_exactly(both.client, 1); });
    this_fiber::sleep_for(20ms);
    EXPECT_LT(::mallinfo2().uordblks - before, 8 * 1024U);
    both.server.write_all(bytes("x"));
    EXPECT_EQ(reads.join(), "x");
  });
}

TEST(tls_stream, an_end_that_is_none_is_something_to_tell) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    EXPECT_FALSE(both.client.is_readable());
    both.server.abort();
    EXPECT_TRUE(both.client.is_readable());
    std::string room(1, '\0');
    EXPECT_THROW(both.client.read_some(room_in(room)), io::io_error);
  });
}

TEST(tls_stream, before_the_handshake_tells_whether_anything_has_come) {
  in_fibers([] {
    tls_pair both = test::new_pair(test::test_client_options(), test::test_server_options());
    EXPECT_FALSE(both.server.is_readable());
    task<void> asks = spawn([&] { both.client.handshake(); });
    both.server.handshake();
    asks.join();
    EXPECT_FALSE(both.server.is_readable());
  });
}

TEST(tls_stream, works_on_plain_threads) {
  tls_pair both = test::new_pair(test::test_client_options(), test::test_server_options());
  std::thread server([&] {
    EXPECT_EQ(test::read_exactly(both.server, 4), "ping");
    both.server.write_all(bytes("pong"));
  });
  both.client.write_all(bytes("ping"));
  EXPECT_EQ(test::read_exactly(both.client, 4), "pong");
  server.join();
}

TEST(tls_stream, shutdown_write_is_an_end_and_reading_goes_on) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    both.client.write_all(bytes("last"));
    both.client.shutdown_write();
    std::error_code error;
    EXPECT_EQ(test::read_up_to_end(both.server, error), "last");
    EXPECT_FALSE(error);
    both.server.write_all(bytes("answer"));
    EXPECT_EQ(test::read_exactly(both.client, 6), "answer");
    both.client.write_some(bytes("more"), error);
    EXPECT_EQ(error, std::errc::broken_pipe);
  });
}

TEST(tls_stream, shutdown_write_is_an_end_though_new_keys_have_not_been_told_yet) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    both.client.renew_keys();
    both.client.shutdown_write();
    std::string room(1, '\0');
    EXPECT_EQ(both.server.read_some(room_in(room)), 0U);
    both.server.write_all(bytes("still here"));
    EXPECT_EQ(test::read_exactly(both.client, 10), "still here");
  });
}

TEST(tls_stream, new_keys_may_be_asked_for_again_before_the_first_are_told) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    for (stream* const side : {&both.client, &both.server}) {
      side->renew_keys();
      EXPECT_NO_THROW(side->renew_keys());
    }
    both.client.write_all(bytes("question"));
    EXPECT_EQ(test::read_exactly(both.server, 8), "question");
    both.server.write_all(bytes("answer"));
    EXPECT_EQ(test::read_exactly(both.client, 6), "answer");
  });
}

TEST(tls_stream, new_keys_cannot_be_asked_for_behind_the_end_and_reading_goes_on) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    both.client.shutdown_write();
    try {
      both.client.renew_keys();
      ADD_FAILURE() << "there is no next write";
    } catch (const tls_error& failed) {
      EXPECT_EQ(failed.code(), std::errc::broken_pipe);
    }
    both.server.write_all(bytes("still here"));
    EXPECT_EQ(test::read_exactly(both.client, 10), "still here");
  });
}

TEST(tls_stream, close_is_an_end_too) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    both.server.write_all(bytes("x"));
    EXPECT_EQ(test::read_exactly(both.client, 1), "x");  // and the tickets, before it closes
    both.client.close();
    std::error_code error;
    EXPECT_EQ(test::read_up_to_end(both.server, error), "");
    EXPECT_FALSE(error) << error.message();
    EXPECT_FALSE(both.client.is_open());
    both.client.write_some(bytes("x"), error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
  });
}

TEST(tls_stream, close_wakes_a_reader_and_a_writer) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    std::error_code read_error;
    std::error_code write_error;
    sync::event writing;
    const std::string block(65536, 'x');
    task_group users;
    users.spawn([&] {
      std::string room(10, '\0');
      both.client.read_some(room_in(room), read_error);
    });
    users.spawn([&] {
      writing.set();
      while (!write_error) both.client.write_some(bytes(block), write_error);
    });
    users.spawn([&] {
      writing.wait();
      for (int turn = 0; turn < 1000; ++turn) this_fiber::yield();
      both.client.close();
    });
    users.join();
    EXPECT_TRUE(read_error);
    EXPECT_TRUE(write_error);
  });
}

TEST(tls_stream, wait_readable_returns_when_there_are_bytes_or_the_end) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    gather([&] { both.client.wait_readable(); }, [&] { both.server.write_all(bytes("xy")); });
    both.client.wait_readable();  // again: nothing was taken
    EXPECT_EQ(test::read_exactly(both.client, 2), "xy");
    gather([&] { both.client.wait_readable(); }, [&] { both.server.shutdown_write(); });
    std::error_code error;
    EXPECT_EQ(test::read_up_to_end(both.client, error), "");
    EXPECT_FALSE(error);
  });
}

TEST(tls_stream, try_write_some_never_waits_and_loses_nothing) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    const std::string block(65536, 'x');
    std::size_t sent = 0;
    std::error_code error;
    while (!error) sent += both.client.try_write_some(bytes(block), error);
    EXPECT_EQ(error, std::errc::operation_would_block);
    EXPECT_GT(sent, block.size());
    // Nobody writes any more: the courier brings the rest.
    EXPECT_EQ(test::read_exactly(both.server, sent), std::string(sent, 'x'));
  });
}

TEST(tls_stream, a_cancelled_write_is_written_or_not_and_the_stream_goes_on) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    const std::string block(65536, 'x');
    std::size_t sent = 0;
    cancel_scope scope;
    sync::event begun;
    gather(
        [&] {
          scope.run([&] {
            for (;;) {
              sent += both.client.write_some(bytes(block));
              begun.set();
            }
          });
        },
        [&] {
          begun.wait();
          for (int turn = 0; turn < 2000; ++turn) this_fiber::yield();
          scope.cancel();
        });
    gather([&] { both.client.write_all(bytes("end")); },
           [&] {
             EXPECT_EQ(test::read_exactly(both.server, sent + 3), std::string(sent, 'x') + "end");
           });
  });
}

TEST(tls_stream, the_rest_of_a_cancelled_write_leaves_though_nobody_writes_again) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    const std::string block(65536, 'x');
    std::size_t sent = 0;
    move_on_after(std::chrono::milliseconds(50), [&] {
      for (;;) sent += both.client.write_some(bytes(block));
    });
    EXPECT_EQ(test::read_exactly(both.server, sent), std::string(sent, 'x'));
  });
}

TEST(tls_stream, writing_to_a_peer_that_has_gone_is_an_error_and_no_signal) {
  // On a plain thread, where SIGPIPE is not blocked.
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  tls_pair both = test::new_pair(test::test_client_options(), test::test_server_options());
  std::thread server([&] { both.server.handshake(); });
  both.client.handshake();
  server.join();
  both.server.abort();
  std::error_code error;
  for (int n = 0; n < 1000 && !error; ++n) both.client.write_some(bytes("x"), error);
  EXPECT_TRUE(error == std::errc::broken_pipe || error == std::errc::connection_reset)
      << error.message();
  both.client.close();  // close_notify to nobody
  std::signal(SIGPIPE, before);
}

TEST(tls_stream, readers_of_io_read_lines_from_it) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    both.client.write_all(bytes("one\ntwo\n"));
    both.client.shutdown_write();
    io::buffered_reader reader(both.server);
    EXPECT_EQ(reader.read_line(), "one");
    EXPECT_EQ(reader.read_line(), "two");
  });
}

TEST(tls_stream, says_what_was_negotiated) {
  in_fibers([] {
    tls_pair both = shaken_pair();
    const negotiated found = both.client.agreed();
    EXPECT_EQ(found.spoken, version::tls_1_3);
    EXPECT_THAT(found.cipher, HasSubstr("TLS_"));
    EXPECT_EQ(both.server.agreed().server_name, "localhost");
    EXPECT_FALSE(found.resumed);
    const auto peer = both.client.peer();
    ASSERT_TRUE(peer);
    EXPECT_EQ(peer->subject, "CN=test");
    EXPECT_EQ(peer->issuer, "CN=heddle test authority");
    EXPECT_THAT(peer->names, ::testing::ElementsAre("DNS:localhost", "IP:127.0.0.1"));
    EXPECT_EQ(peer->sha256.size(), 64U);
    EXPECT_FALSE(both.server.peer());
  });
}

TEST(tls_stream, that_is_not_there_says_so) {
  stream none;
  std::error_code error;
  EXPECT_EQ(none.read_some({}, error), 0U);
  EXPECT_EQ(error, std::errc::bad_file_descriptor);
  EXPECT_THROW(none.handshake(), tls_error);
  EXPECT_FALSE(none.is_open());
  none.close();
  EXPECT_THROW(none.agreed(), std::logic_error);
}

}  // namespace
}  // namespace heddle::tls
