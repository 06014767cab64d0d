// SPDX-License-Identifier: MIT
// How serve() ends: connections finish, or are cancelled at the deadline, and none outlives it.
#include <heddle/io/serve.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

namespace heddle::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Counts the handlers that are inside, and how they leave.
struct ledger {
  std::atomic<int> inside{0};
  std::atomic<int> finished{0};
  std::atomic<int> cancelled{0};
};

class entry {
 public:
  explicit entry(ledger& book) : book_(book) { ++book_.inside; }
  ~entry() {
    ++(finished ? book_.finished : book_.cancelled);
    --book_.inside;
  }
  bool finished = false;

 private:
  ledger& book_;
};

auto echo_until_end(ledger& book) {
  return [&book](tcp_stream peer) {
    entry own(book);
    for (std::string got = test::read_once(peer); !got.empty(); got = test::read_once(peer)) {
      peer.write_all(test::bytes(got));
    }
    own.finished = true;
  };
}

std::vector<tcp_stream> connect_many(const tcp_listener& to, const ledger& book, int count) {
  std::vector<tcp_stream> clients(static_cast<std::size_t>(count));
  for (tcp_stream& client : clients) client = tcp_stream::connect(to.local_endpoint());
  while (book.inside < count) this_fiber::yield();
  return clients;
}

serve_options drain_for(std::chrono::nanoseconds time) {
  serve_options options;
  options.drain = time;
  return options;
}

TEST(serve_drain, tells_once_that_it_stops_while_connections_go_on) {
  heddle::run(test::with_loops(2), [] {
    ledger book;
    std::atomic<int> told{0};
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    serve_options options = drain_for(hours{1});
    options.on_stop = [&] {
      EXPECT_FALSE(listener.is_open());
      EXPECT_EQ(book.inside, 1);
      ++told;
    };
    task<void> server = spawn([&] { serve(listener, echo_until_end(book), options); });
    auto clients = connect_many(listener, book, 1);
    EXPECT_EQ(told, 0);
    listener.close();
    while (told == 0) this_fiber::yield();
    clients[0].shutdown_write();
    server.join();
    EXPECT_EQ(told, 1);
  });
}

TEST(serve_drain, lets_connections_finish_when_cancelled_and_then_goes_on_cancelling) {
  heddle::run(test::with_loops(2), [] {
    ledger book;
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    task<void> server = spawn([&] { serve(listener, echo_until_end(book), drain_for(hours{1})); });
    auto clients = connect_many(listener, book, 20);
    server.cancel();
    // New clients are refused as soon as it drains, old ones are served to their end.
    std::error_code error;
    while (!error) tcp_stream::connect(listener.local_endpoint(), error);
    for (tcp_stream& client : clients) {
      client.write_all(test::bytes("late"));
      EXPECT_EQ(test::read_exactly(client, 4), "late");
      client.shutdown_write();
    }
    EXPECT_THROW(server.join(), task_cancelled);
    EXPECT_FALSE(listener.is_open());
    EXPECT_EQ(book.inside, 0);
    EXPECT_EQ(book.cancelled, 0);
    EXPECT_GE(book.finished, 20);
  });
}

TEST(serve_drain, cancels_the_connections_that_are_left_at_the_deadline) {
  heddle::run(test::with_loops(2), [] {
    ledger book;
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    task<void> server =
        spawn([&] { serve(listener, echo_until_end(book), drain_for(milliseconds{100})); });
    auto clients = connect_many(listener, book, 20);
    const auto start = clock::now();
    server.cancel();
    EXPECT_THROW(server.join(), task_cancelled);
    EXPECT_GE(clock::now() - start, milliseconds{100});
    EXPECT_EQ(book.inside, 0);
    EXPECT_EQ(book.cancelled, 20);
    for (tcp_stream& client : clients) EXPECT_EQ(test::read_once(client), "");
  });
}

TEST(serve_drain, waits_for_handlers_that_take_their_time_to_be_cancelled) {
  heddle::run(test::with_loops(2), [] {
    std::atomic<bool> tidy{false};
    std::atomic<bool> inside{false};
    const auto stubborn = [&](tcp_stream peer) {
      inside = true;
      for (int refusals = 0; refusals < 1000;) {
        try {
          test::read_once(peer);
        } catch (const cancelled&) {
          ++refusals;  // it will be thrown again and again
        }
      }
      tidy = true;
    };
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    task<void> server = spawn([&] { serve(listener, stubborn, drain_for(milliseconds{0})); });
    tcp_stream client = tcp_stream::connect(listener.local_endpoint());
    while (!inside) this_fiber::yield();
    server.cancel();
    EXPECT_THROW(server.join(), task_cancelled);
    EXPECT_TRUE(tidy);
  });
}

TEST(serve_drain, returns_when_its_listener_is_closed) {
  heddle::run(test::with_loops(2), [] {
    ledger book;
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    task<void> server = spawn([&] { serve(listener, echo_until_end(book), drain_for(hours{1})); });
    auto clients = connect_many(listener, book, 5);
    listener.close();
    clients.clear();
    server.join();
    EXPECT_EQ(book.inside, 0);
    EXPECT_EQ(book.finished, 5);
  });
}

TEST(serve_drain, returns_at_once_from_a_listener_that_was_closed_before) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    listener.close();
    serve(listener, [](const tcp_stream&) {});
    tcp_listener never;
    serve(never, [](const tcp_stream&) {});
  });
}

TEST(serve_drain, can_be_cancelled_while_it_drains) {
  heddle::run(test::with_loops(2), [] {
    ledger book;
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    task<void> server =
        spawn([&] { serve(listener, echo_until_end(book), drain_for(milliseconds{200})); });
    auto clients = connect_many(listener, book, 5);
    listener.close();
    server.cancel();
    EXPECT_THROW(server.join(), task_cancelled);
    EXPECT_EQ(book.inside, 0);
  });
}

TEST(serve_drain, leaves_neither_fibers_nor_descriptors) {
  heddle::run(test::with_loops(2), [] {
    ledger book;
    for (int round = 0; round < 30; ++round) {
      const auto before = test::open_descriptors();
      const auto tasks = runtime::current().stats().live_tasks;
      {
        tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
        task<void> server =
            spawn([&] { serve(listener, echo_until_end(book), drain_for(milliseconds{1})); });
        auto clients = connect_many(listener, book, 10);
        server.cancel();
        EXPECT_THROW(server.join(), task_cancelled);
        EXPECT_EQ(runtime::current().stats().live_tasks, tasks);
      }
      EXPECT_EQ(test::open_descriptors(), before);
    }
  });
}

TEST(serve_drain, ends_with_its_runtime) {
  ledger book;
  tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
  tcp_stream client;
  heddle::run(test::with_loops(2), [&] {
    spawn([&] { serve(listener, echo_until_end(book), drain_for(milliseconds{1})); }).detach();
    client = tcp_stream::connect(listener.local_endpoint());
    while (book.inside == 0) this_fiber::yield();
  });
  EXPECT_EQ(book.inside, 0);
  EXPECT_EQ(test::read_once(client), "");
}

TEST(serve_drain, loses_no_request_that_was_accepted) {
  heddle::run(test::with_loops(2), [] {
    for (int round = 0; round < 50; ++round) {
      std::atomic<int> accepted{0};
      std::atomic<int> answered{0};
      const auto answer = [&](tcp_stream peer) {
        ++accepted;
        if (test::read_once(peer).empty()) return;
        peer.write_all(test::bytes("!"));
      };
      tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
      task<void> server = spawn([&] { serve(listener, answer, drain_for(hours{1})); });
      task<void> load = spawn([&] {
        for (;;) {
          std::error_code error;
          tcp_stream client = tcp_stream::connect(listener.local_endpoint(), error);
          if (error) return;
          client.write_all(test::bytes("?"), error);
          std::string room(1, '\0');
          answered += client.read_exactly(test::room_in(room), error) == 1 ? 1 : 0;
        }
      });
      while (answered < 10) this_fiber::yield();
      server.cancel();
      load.join();
      EXPECT_THROW(server.join(), task_cancelled);
      EXPECT_EQ(answered, accepted);
    }
  });
}

}  // namespace
}  // namespace heddle::io
