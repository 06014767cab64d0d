// SPDX-License-Identifier: MIT
// Closing a stream or listener while others use it: they wake with an error, and no reused number
// ever reaches them. Most cases have one loop, where a fiber that was let run until it waits does
// wait.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace heddle::io {
namespace {

constexpr std::errc overtaken = std::errc::operation_canceled;

std::error_code read_error(tcp_stream& from) {
  std::error_code error;
  std::string room(100, '\0');
  from.read_some(test::room_in(room), error);
  return error;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(socket_close, wakes_a_fiber_that_reads) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    task<std::error_code> reader = spawn([&both] { return read_error(both.near); });
    test::let_all_run();
    both.near.close();
    EXPECT_EQ(reader.join(), overtaken);
    EXPECT_EQ(read_error(both.near), std::errc::bad_file_descriptor);
  });
}

TEST(socket_close, wakes_a_fiber_that_writes) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    task<std::error_code> writer = spawn([&both] { return test::write_for_ever(both.near); });
    test::let_all_run();
    both.near.close();
    EXPECT_EQ(writer.join(), overtaken);
  });
}

TEST(socket_close, wakes_every_fiber_that_accepts) {
  heddle::run(test::with_loops(1), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    const auto accept = [&listener] {
      std::error_code error;
      EXPECT_FALSE(listener.accept(error).is_open());
      return error;
    };
    task<std::error_code> first = spawn(accept);
    task<std::error_code> second = spawn(accept);
    test::let_all_run();
    listener.close();
    EXPECT_EQ(first.join(), overtaken);
    EXPECT_EQ(second.join(), overtaken);
    EXPECT_EQ(accept(), std::errc::bad_file_descriptor);
  });
}

TEST(socket_close, throws_in_calls_that_throw) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    task<void> reader = spawn([&both] { test::read_exactly(both.near, 10); });
    test::let_all_run();
    both.near.close();
    try {
      reader.join();
      ADD_FAILURE() << "read from a closed stream";
    } catch (const io_error& error) {
      EXPECT_EQ(error.code(), overtaken);
      EXPECT_EQ(error.where(), both.near.peer_endpoint());
    }
  });
}

TEST(socket_close, happens_when_a_stream_is_destroyed_under_a_waiting_fiber) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    std::optional<tcp_stream> near(std::move(both.near));
    task<void> reader = spawn([&near] { test::read_exactly(*near, 10); });
    test::let_all_run();
    near.reset();
    EXPECT_THROW(reader.join(), io_error);
    EXPECT_EQ(test::read_once(both.far), "");
  });
}

TEST(socket_close, keeps_the_number_until_the_last_call_has_left) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    const int number = both.near.native_handle();
    task<std::error_code> reader = spawn([&both] { return read_error(both.near); });
    test::let_all_run();
    both.near.close();  // the reader is runnable, but has not run
    EXPECT_TRUE(is_open(number));
    EXPECT_EQ(test::read_once(both.far), "");  // the peer need not wait for the reader
    EXPECT_EQ(reader.join(), overtaken);
    EXPECT_FALSE(is_open(number));
  });
}

TEST(socket_close, gives_the_number_back_at_once_when_nobody_is_under_way) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    const int number = both.near.native_handle();
    both.near.close();
    EXPECT_FALSE(is_open(number));
  });
}

TEST(socket_close, never_lets_a_reader_see_the_bytes_of_a_reused_number) {
  constexpr int rounds = 3000;
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    int reused = 0;
    for (int round = 0; round < rounds; ++round) {
      tcp_stream victim = tcp_stream::connect(listener.local_endpoint());
      tcp_stream victims_peer = listener.accept();
      const int number = victim.native_handle();
      std::atomic<bool> begun{false};
      task<std::string> reader = spawn([&] {
        begun = true;
        std::string got(100, '\0');
        std::error_code error;
        got.resize(victim.read_some(test::room_in(got), error));
        EXPECT_EQ(got.empty(), static_cast<bool>(error));
        return got;
      });
      while (round % 2 == 0 && !begun) this_fiber::yield();
      // The event that wakes the reader, the close, and the reuse of the number: all at once.
      if (round % 3 != 0) victims_peer.write_all(test::bytes("mine"));
      victim.close();
      tcp_stream other = tcp_stream::connect(listener.local_endpoint());
      tcp_stream others_peer = listener.accept();
      others_peer.write_all(test::bytes("somebody else's"));
      reused += other.native_handle() == number ? 1 : 0;
      const std::string got = reader.join();
      ASSERT_TRUE(got.empty() || got == "mine") << got;
      ASSERT_EQ(test::read_exactly(other, 15), "somebody else's");
    }
    std::printf("%d of %d numbers were reused while the reader was under way or before\n", reused,
                rounds);
    EXPECT_GT(reused, 0);
  });
}

TEST(socket_close, by_many_at_once_closes_once) {
  heddle::run(test::with_loops(2), [] {
    for (int round = 0; round < 300; ++round) {
      auto both = test::connected_pair();
      task<std::error_code> reader = spawn([&both] { return read_error(both.near); });
      task<void> one = spawn([&both] { both.near.close(); });
      task<void> other = spawn([&both] { both.near.abort(); });
      both.near.close();
      // Whatever gets the number now must not be hit by a second close.
      auto fresh = test::connected_pair();
      one.join();
      other.join();
      const std::error_code error = reader.join();
      ASSERT_TRUE(error == overtaken || error == std::errc::bad_file_descriptor) << error;
      fresh.near.write_all(test::bytes("x"));
      ASSERT_EQ(test::read_once(fresh.far), "x");
    }
  });
}

/// Has a plain thread make a call that blocks, closes from here, and returns what the thread got.
template <class Call, class Close>
std::error_code overtake_thread(Call call, Close close) {
  std::atomic<pid_t> id{0};
  std::error_code error;
  std::thread thread([&] {
    id = ::gettid();
    error = call();
  });
  while (id == 0) std::this_thread::yield();
  test::wait_until_asleep(id);
  close();
  thread.join();
  return error;
}

TEST(socket_close, wakes_a_plain_thread_that_reads_or_writes) {
  for (const char* const at : {"127.0.0.1:0", "unix:@heddle_socket_close_test"}) {
    auto one = test::connected_pair(at);
    EXPECT_EQ(overtake_thread([&] { return read_error(one.near); }, [&] { one.near.close(); }),
              overtaken);
    auto two = test::connected_pair(at);
    EXPECT_EQ(
        overtake_thread([&] { return test::write_for_ever(two.near); }, [&] { two.near.abort(); }),
        overtaken);
  }
}

TEST(socket_close, wakes_a_plain_thread_that_accepts) {
  for (const char* const at : {"127.0.0.1:0", "unix:@heddle_socket_close_test"}) {
    tcp_listener listener = tcp_listener::bind(at);
    const auto accept = [&listener] {
      std::error_code error;
      EXPECT_FALSE(listener.accept(error).is_open());
      return error;
    };
    EXPECT_EQ(overtake_thread(accept, [&] { listener.close(); }), overtaken);
  }
}

TEST(socket_close, reaches_from_a_fiber_to_a_plain_thread_and_back) {
  heddle::runtime others(test::with_loops(1));
  auto both = test::connected_pair();
  EXPECT_EQ(overtake_thread([&] { return read_error(both.near); },
                            [&] { others.run([&] { both.near.close(); }); }),
            overtaken);
  std::atomic<bool> begun{false};
  task<std::error_code> reader = others.spawn([&] {
    begun = true;
    return read_error(both.far);
  });
  while (!begun) std::this_thread::yield();
  both.far.close();
  const std::error_code error = reader.join();
  // The peer is closed: the end may be read before our own close.
  EXPECT_TRUE(error == overtaken || !error || error == std::errc::bad_file_descriptor) << error;
}

}  // namespace
}  // namespace heddle::io
