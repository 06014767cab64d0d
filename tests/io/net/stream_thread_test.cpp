// SPDX-License-Identifier: MIT
// Streams on plain threads, shared between threads and fibers, carried from one runtime to another,
// and under a storm of signals.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <signal.h>
#include <unistd.h>

namespace heddle::io {
namespace {

void echo(tcp_stream& over) {
  for (std::string got = test::read_once(over); !got.empty(); got = test::read_once(over)) {
    over.write_all(test::bytes(got));
  }
}

/// Sends blocks and expects them back.
void exchange(tcp_stream& over, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const std::string block(1 + static_cast<std::size_t>(i) * 37 % 30000, static_cast<char>(i));
    over.write_all(test::bytes(block));
    ASSERT_EQ(test::read_exactly(over, block.size()), block);
  }
}

TEST(stream_thread, needs_no_fiber_at_all) {
  auto both = test::connected_pair();
  std::thread echoing([&] { echo(both.far); });
  exchange(both.near, 300);
  both.near.shutdown_write();
  echoing.join();
}

TEST(stream_thread, that_never_stops_writing_does_not_starve_the_other_fibers_of_a_loop) {
  auto both = test::connected_pair();
  std::thread flood([&] { test::write_for_ever(both.far); });
  heddle::run(test::with_loops(1), [&] {
    // Its reads find something every time; only sharing the loop lets anybody else run.
    task<void> reader = spawn([&] {
      for (;;) test::read_once(both.near, 16);
    });
    for (int i = 0; i < 20; ++i) {
      this_fiber::sleep_for(std::chrono::milliseconds{1});
      this_fiber::yield();
    }
    reader.cancel();
    EXPECT_THROW(reader.join(), task_cancelled);
  });
  both.far.close();
  flood.join();
}

TEST(stream_thread, talks_to_a_fiber) {
  heddle::runtime fibers(test::with_loops(2));
  tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
  task<void> server = fibers.spawn([&listener] {
    tcp_stream peer = listener.accept();
    echo(peer);
  });
  tcp_stream near = tcp_stream::connect(listener.local_endpoint());
  exchange(near, 300);
  near.shutdown_write();
  server.join();
}

TEST(stream_thread, reads_what_a_fiber_began_to_read) {
  heddle::runtime fibers(test::with_loops(2));
  auto both = test::connected_pair();
  for (int round = 0; round < 50; ++round) {
    task<std::string> reader = fibers.spawn([&] { return test::read_exactly(both.near, 5); });
    both.far.write_all(test::bytes("fiber"));
    EXPECT_EQ(reader.join(), "fiber");
    std::thread writer([&] { both.far.write_all(test::bytes("thread")); });
    EXPECT_EQ(test::read_exactly(both.near, 6), "thread");
    writer.join();
  }
}

TEST(stream_thread, outlives_the_runtime_in_which_it_was_used) {
  auto both = test::connected_pair();
  for (int round = 0; round < 3; ++round) {
    heddle::run(test::with_loops(2), [&] {
      task<std::string> reader = spawn([&] { return test::read_exactly(both.near, 5); });
      this_fiber::yield();
      both.far.write_all(test::bytes("hello"));
      EXPECT_EQ(reader.join(), "hello");
    });
  }
}

TEST(stream_thread, moves_between_runtimes_that_live_side_by_side) {
  heddle::runtime one(test::with_loops(1));
  heddle::runtime two(test::with_loops(1));
  auto both = test::connected_pair();
  for (int round = 0; round < 50; ++round) {
    heddle::runtime& reads = round % 2 == 0 ? one : two;
    heddle::runtime& writes = round % 2 == 0 ? two : one;
    task<std::string> reader = reads.spawn([&] { return test::read_exactly(both.near, 5); });
    writes.run([&] { both.far.write_all(test::bytes("hello")); });
    EXPECT_EQ(reader.join(), "hello");
  }
}

std::atomic<int> signals{0};

/// Has the process interrupted about a thousand times a second.
class signal_storm {
 public:
  signal_storm() {
    struct sigaction counting {};
    counting.sa_handler = [](int) { signals.fetch_add(1, std::memory_order_relaxed); };
    ::sigaction(SIGUSR1, &counting, &before_);  // without SA_RESTART
    source_ = std::thread([this] {
      sigset_t ours;
      ::sigemptyset(&ours);
      ::sigaddset(&ours, SIGUSR1);
      ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
      while (!over_) {
        ::kill(::getpid(), SIGUSR1);
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
      }
    });
  }
  ~signal_storm() {
    over_ = true;
    source_.join();
    ::sigaction(SIGUSR1, &before_, nullptr);
  }

 private:
  struct sigaction before_ {};
  std::atomic<bool> over_{false};
  std::thread source_;
};

TEST(stream_thread, is_not_disturbed_by_a_storm_of_signals) {
  const signal_storm storm;
  const auto exchange_over_new_connections = [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    std::thread echoing([&] {
      std::error_code error;
      while (!error) {
        tcp_stream peer = listener.accept(error);
        if (!error) echo(peer);
      }
    });
    const int enough = signals + 300;
    while (signals < enough) {
      tcp_stream near = tcp_stream::connect(listener.local_endpoint());
      exchange(near, 20);
      near.shutdown_write();
      ASSERT_EQ(test::read_once(near), "");
    }
    listener.close();
    echoing.join();
  };
  exchange_over_new_connections();
  heddle::run(test::with_loops(2), exchange_over_new_connections);
}

}  // namespace
}  // namespace heddle::io
