// SPDX-License-Identifier: MIT
// serve() with several listeners at one port: who gets how much, what is for all of them together.
#include <heddle/io/serve.hpp>
#include <heddle/runtime/owned_fd.hpp>

#include "io/net/sockets.hpp"
#include "runtime/support/placement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace heddle::io {
namespace {

using std::chrono::hours;

TEST(serve_each, has_listeners_at_one_port_of_the_systems_choice) {
  heddle::run(test::with_loops(3), [] {
    const auto all = tcp_listener::bind_each("127.0.0.1:0");
    ASSERT_EQ(all.size(), 3U);
    for (const tcp_listener& each : all) {
      EXPECT_EQ(each.local_endpoint(), all[0].local_endpoint());
      EXPECT_NE(each.local_endpoint().port(), 0);
    }
    EXPECT_EQ(tcp_listener::bind_each("[::1]:0", 5).size(), 5U);
    EXPECT_THROW(tcp_listener::bind_each("unix:@heddle_each", 2), io_error);
  });
  EXPECT_THROW(tcp_listener::bind_each("127.0.0.1:0"), std::logic_error);
}

bool has_newcomer(const tcp_listener& at) {
  pollfd asked{at.native_handle(), POLLIN, 0};
  return ::poll(&asked, 1, 0) == 1;
}

TEST(serve_each, has_its_newcomers_spread_over_the_listeners) {
  heddle::run(test::with_loops(2), [] {
    auto listeners = tcp_listener::bind_each("127.0.0.1:0");
    std::vector<tcp_stream> clients;
    for (int n = 0; n < 1000; ++n) {
      clients.push_back(tcp_stream::connect(listeners[0].local_endpoint()));
    }
    std::array<int, 2> taken{};
    for (std::size_t n = 0; n < 2; ++n) {
      while (has_newcomer(listeners[n])) {
        listeners[n].accept();
        ++taken[n];
      }
    }
    EXPECT_EQ(taken[0] + taken[1], 1000);
    EXPECT_LE(std::max(taken[0], taken[1]), 2 * std::min(taken[0], taken[1]));
  });
}

TEST(serve_each, spreads_connections_over_the_loops) {
  heddle::run(test::with_loops(2), [] {
    const auto spawned = [](std::size_t loop) {
      return runtime::current().stats().loops[loop].spawned;
    };
    auto listeners = tcp_listener::bind_each("127.0.0.1:0");
    task<void> server = spawn(
        [&] { serve(listeners, [](tcp_stream& peer) { peer.write_all(test::bytes("!")); }); });
    const std::array before{spawned(0), spawned(1)};
    std::thread others([&] {
      for (int n = 0; n < 1000; ++n) {
        tcp_stream client = tcp_stream::connect(listeners[0].local_endpoint());
        EXPECT_EQ(test::read_once(client), "!");
      }
      listeners[1].close();
    });
    server.join();
    others.join();
    const auto one = spawned(0) - before[0];
    const auto other = spawned(1) - before[1];
    EXPECT_GE(one + other, 1000U);
    // Each came alone, so that no loop was busy and had its work taken over.
    EXPECT_LE(std::max(one, other), 2 * std::min(one, other));
  });
}

TEST(serve_each, counts_connections_together) {
  heddle::run(test::with_loops(2), [] {
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    const auto slow = [&](tcp_stream& peer) {
      const int now = ++inside;
      most = std::max<int>(most, now);
      for (int turn = 0; turn < 5; ++turn) this_fiber::yield();
      peer.write_all(test::bytes("!"));
      --inside;
    };
    // Fewer than there are listeners: one to whom nobody comes must not keep the place.
    for (const std::size_t limit : {1U, 3U}) {
      most = 0;
      auto listeners = tcp_listener::bind_each("127.0.0.1:0", 4);
      serve_options options;
      options.max_connections = limit;
      task<void> server = spawn([&] { serve(listeners, slow, options); });
      std::vector<tcp_stream> clients;
      for (int n = 0; n < 100; ++n) {
        clients.push_back(tcp_stream::connect(listeners[0].local_endpoint()));
      }
      for (tcp_stream& each : clients) EXPECT_EQ(test::read_once(each), "!");
      server.cancel();
      EXPECT_THROW(server.join(), task_cancelled);
      EXPECT_LE(most, static_cast<int>(limit));
    }
  });
}

TEST(serve_each, drains_all_when_it_is_cancelled) {
  heddle::run(test::with_loops(2), [] {
    std::atomic<int> inside{0};
    const auto echo = [&](tcp_stream peer) {
      ++inside;
      for (std::string got = test::read_once(peer); !got.empty(); got = test::read_once(peer)) {
        peer.write_all(test::bytes(got));
      }
      --inside;
    };
    auto listeners = tcp_listener::bind_each("127.0.0.1:0", 3);
    const endpoint at = listeners[0].local_endpoint();
    serve_options options;
    options.drain = hours{1};
    task<void> server = spawn([&] { serve(listeners, echo, options); });
    std::vector<tcp_stream> clients(30);
    for (tcp_stream& each : clients) each = tcp_stream::connect(at);
    while (inside < 30) this_fiber::yield();
    server.cancel();
    // Until the last one is closed some still come, or are reset in a backlog.
    std::error_code error;
    while (error != std::errc::connection_refused) tcp_stream::connect(at, error);
    for (tcp_stream& each : clients) {
      each.write_all(test::bytes("late"));
      EXPECT_EQ(test::read_exactly(each, 4), "late");
      each.shutdown_write();
    }
    EXPECT_THROW(server.join(), task_cancelled);
    EXPECT_EQ(inside, 0);
    for (const tcp_listener& each : listeners) EXPECT_FALSE(each.is_open());
  });
}

/// A handler that never lets go of its loop: the listener of that loop is accepted from all the
/// same.
TEST(serve_each, leaves_nobody_in_the_backlog_of_a_busy_loop) {
  heddle::run(test::with_loops(2), [] {
    std::atomic<bool> let_go{false};
    std::atomic<int> answered{0};
    std::atomic<bool> busy{false};
    const auto answer = [&](tcp_stream& peer) {
      const bool first = !busy.exchange(true);
      while (first && !let_go) continue;
      peer.write_all(test::bytes("!"));
      ++answered;
    };
    auto listeners = tcp_listener::bind_each("127.0.0.1:0");
    const endpoint at = listeners[0].local_endpoint();
    task<void> server = spawn([&] { serve(listeners, answer); });
    std::thread others([&] {
      std::vector<tcp_stream> clients(60);
      for (tcp_stream& each : clients) each = tcp_stream::connect(at);
      test::wait_until([&] { return answered == 59; });
      let_go = true;
      for (tcp_stream& each : clients) EXPECT_EQ(test::read_once(each), "!");
      listeners[0].close();
    });
    server.join();
    others.join();
    EXPECT_EQ(answered, 60);
  });
}

TEST(serve_each, rides_out_a_full_descriptor_table) {
  heddle::run(test::with_loops(2), [] {
    std::atomic<int> reports{0};
    listen_options listening;
    listening.on_shortage = [&](const shortage_report&) { ++reports; };
    auto listeners = tcp_listener::bind_each("127.0.0.1:0", 2, listening);
    const auto answer = [](tcp_stream& peer) { peer.write_all(test::bytes("!")); };
    task<void> server = spawn([&] { serve(listeners, answer); });
    const auto ask = [at = listeners[0].local_endpoint()] {
      tcp_stream client = tcp_stream::connect(at);
      std::error_code error;
      std::string got(1, '\0');
      client.read_exactly(test::room_in(got), error);
      return got == "!";
    };
    while (!ask()) continue;  // all that is opened once is open
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(listeners[0].local_endpoint().port());
    std::vector<owned_fd> clients;  // with descriptors from before the shortage
    for (int n = 0; n < 64; ++n) {
      clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    }
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit tight = before;
    tight.rlim_cur = 3;  // fewer than there are
    ::setrlimit(RLIMIT_NOFILE, &tight);
    for (const owned_fd& each : clients) {
      EXPECT_EQ(::connect(each.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    }
    while (reports == 0) this_fiber::yield();
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_TRUE(ask());
    server.cancel();
    EXPECT_THROW(server.join(), task_cancelled);
  });
}

}  // namespace
}  // namespace heddle::io
