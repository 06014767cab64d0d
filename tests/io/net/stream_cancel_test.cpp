// SPDX-License-Identifier: MIT
// Cancelled reads, writes, accepts and connects: they throw, had no effect, and leave nothing
// behind.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace heddle::io {
namespace {

/// Cancels a task that waits, and expects it to end as cancelled.
template <class T>
void cancel_waiting(task<T>& waiting) {
  test::let_all_run();
  ASSERT_FALSE(waiting.done());
  waiting.cancel();
  EXPECT_THROW(waiting.join(), task_cancelled);
}

TEST(stream_cancel, of_a_read_takes_no_bytes) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    task<std::string> reader = spawn([&both] { return test::read_once(both.near); });
    cancel_waiting(reader);
    both.far.write_all(test::bytes("whole"));
    EXPECT_EQ(test::read_exactly(both.near, 5), "whole");
  });
}

TEST(stream_cancel, is_thrown_by_the_calls_with_an_error_code_too) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    task<void> reader = spawn([&both] {
      std::string room(1, '\0');
      std::error_code error;
      both.near.read_some(test::room_in(room), error);
      ADD_FAILURE() << "returned " << error;
    });
    cancel_waiting(reader);
  });
}

TEST(stream_cancel, meets_a_read_that_need_not_wait_before_it_takes_anything) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    both.far.write_all(test::bytes("kept"));
    task<std::string> reader = spawn([&both] { return test::read_once(both.near); });
    reader.cancel();  // before its first run
    EXPECT_THROW(reader.join(), task_cancelled);
    EXPECT_EQ(test::read_once(both.near), "kept");
  });
}

TEST(stream_cancel, of_a_wait_for_bytes_takes_none) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    task<void> waits = spawn([&both] { both.near.wait_readable(); });
    cancel_waiting(waits);
    both.far.write_all(test::bytes("kept"));
    both.near.wait_readable();
    EXPECT_EQ(test::read_once(both.near), "kept");
  });
}

TEST(stream_cancel, of_a_write_that_waits_writes_nothing_more) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    std::size_t written = 0;
    task<void> writer = spawn([&] {
      const std::string block(65536, 'x');
      for (;;) written += both.near.write_some(test::bytes(block));
    });
    cancel_waiting(writer);
    both.near.shutdown_write();
    EXPECT_EQ(test::read_all(both.far).size(), written);
  });
}

TEST(stream_cancel, of_an_accept_loses_no_newcomer) {
  heddle::run(test::with_loops(1), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    task<tcp_stream> acceptor = spawn([&listener] { return listener.accept(); });
    cancel_waiting(acceptor);
    tcp_stream near = tcp_stream::connect(listener.local_endpoint());
    tcp_stream far = listener.accept();
    EXPECT_EQ(far.peer_endpoint(), near.local_endpoint());
  });
}

TEST(stream_cancel, of_a_connect_leaves_no_descriptor) {
  heddle::run(test::with_loops(1), [] {
    listen_options tiny;
    tiny.backlog = 0;
    tcp_listener full = tcp_listener::bind("127.0.0.1:0", tiny);
    std::vector<task<tcp_stream>> settled;
    connect_options patient;
    patient.timeout = std::chrono::hours{1};
    const auto connect = [&] { return tcp_stream::connect(full.local_endpoint(), patient); };
    // A listener that nobody accepts from answers the first few, and then nobody.
    do {
      settled.push_back(spawn(connect));
      test::let_all_run();
    } while (settled.back().done());
    const auto before = test::open_descriptors();
    task<tcp_stream> unanswered = spawn(connect);
    cancel_waiting(unanswered);
    EXPECT_EQ(test::open_descriptors(), before);
  });
}

TEST(stream_cancel, of_a_connect_to_a_full_unix_listener_leaves_no_descriptor) {
  heddle::run(test::with_loops(1), [] {
    listen_options tiny;
    tiny.backlog = 0;
    tcp_listener full = tcp_listener::bind("unix:@heddle_stream_cancel_test", tiny);
    tcp_stream settled = tcp_stream::connect(full.local_endpoint());
    const auto before = test::open_descriptors();
    task<tcp_stream> unanswered = spawn([&] { return tcp_stream::connect(full.local_endpoint()); });
    cancel_waiting(unanswered);
    EXPECT_EQ(test::open_descriptors(), before);
  });
}

}  // namespace
}  // namespace heddle::io
