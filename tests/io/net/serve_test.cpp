// SPDX-License-Identifier: MIT
// serve(): one fiber a connection, up to a limit, whatever handlers do.
#include <heddle/io/serve.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>

namespace heddle::io {
namespace {

void echo(tcp_stream over) {
  for (std::string got = test::read_once(over); !got.empty(); got = test::read_once(over)) {
    over.write_all(test::bytes(got));
  }
}

/// Runs serve() in a task beside `body`, which gets the listener's endpoint; then closes the
/// listener.
template <class Handler, class Body>
void while_serving(Handler handler, serve_options options, Body body) {
  tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
  task<void> server = spawn([&] { serve(listener, handler, options); });
  body(listener.local_endpoint());
  listener.close();
  server.join();
}

std::string ask(tcp_stream& over, std::string_view question) {
  over.write_all(test::bytes(question));
  return test::read_exactly(over, question.size());
}

TEST(serve, runs_a_handler_for_each_of_many_connections_at_once) {
  heddle::run(test::with_loops(2), [] {
    while_serving(echo, {}, [](const endpoint& at) {
      std::vector<tcp_stream> clients(300);
      for (tcp_stream& client : clients) client = tcp_stream::connect(at);
      for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < clients.size(); ++i) {
          const std::string mine = std::to_string(i) + " in round " + std::to_string(round);
          ASSERT_EQ(ask(clients[i], mine), mine);
        }
      }
    });
  });
}

struct generic_move_only_handler {
  generic_move_only_handler() = default;
  generic_move_only_handler(generic_move_only_handler&&) = default;
  void operator()(auto&& peer) { peer.write_all(test::bytes("hello")); }
};

TEST(serve, takes_handlers_of_every_shape) {
  heddle::run(test::with_loops(2), [] {
    const auto greeted = [](const endpoint& at) {
      tcp_stream client = tcp_stream::connect(at);
      EXPECT_EQ(test::read_all(client), "hello");
    };
    const auto by_value = [](tcp_stream peer) { peer.write_all(test::bytes("hello")); };
    const auto by_reference = [](tcp_stream& peer) { peer.write_all(test::bytes("hello")); };
    const auto by_rvalue = [](tcp_stream&& peer) { peer.write_all(test::bytes("hello")); };
    while_serving(by_value, {}, greeted);
    while_serving(by_reference, {}, greeted);
    while_serving(by_rvalue, {}, greeted);
    while_serving(generic_move_only_handler(), {}, greeted);
    while_serving(&echo, {}, [](const endpoint& at) {
      tcp_stream client = tcp_stream::connect(at);
      EXPECT_EQ(ask(client, "hello"), "hello");
    });
  });
}

TEST(serve, names_each_fiber_after_its_peer) {
  heddle::run(test::with_loops(2), [] {
    const auto say_name = [](tcp_stream peer) { peer.write_all(test::bytes(this_fiber::name())); };
    while_serving(say_name, {}, [](const endpoint& at) {
      tcp_stream client = tcp_stream::connect(at);
      EXPECT_EQ(test::read_all(client), client.local_endpoint().to_string());
    });
  });
}

TEST(serve, uses_all_loops) {
  heddle::run(test::with_loops(2), [] {
    std::mutex guard;
    std::set<std::thread::id> threads;
    const auto note_thread = [&](const tcp_stream&) {
      const std::lock_guard lock(guard);
      threads.insert(std::this_thread::get_id());
    };
    while_serving(note_thread, {}, [](const endpoint& at) {
      for (int i = 0; i < 100; ++i) {
        tcp_stream client = tcp_stream::connect(at);
        EXPECT_EQ(test::read_all(client), "");
      }
    });
    EXPECT_EQ(threads.size(), 2U);
  });
}

TEST(serve, reports_what_a_handler_throws_at_once_and_goes_on) {
  std::mutex guard;
  std::vector<unhandled_error> reported;
  config settings = test::with_loops(2);
  settings.on_unhandled = [&](const unhandled_error& error) {
    const std::lock_guard lock(guard);
    reported.push_back(error);
  };
  heddle::run(settings, [&] {
    const auto fail_if_asked = [](tcp_stream peer) {
      if (test::read_once(peer) == "fail") throw std::runtime_error("as asked");
      peer.write_all(test::bytes("fine"));
    };
    while_serving(fail_if_asked, {}, [&](const endpoint& at) {
      for (std::size_t round = 1; round <= 20; ++round) {
        tcp_stream failing = tcp_stream::connect(at);
        failing.write_all(test::bytes("fail"));
        EXPECT_EQ(test::read_all(failing), "");
        // Reported without another connection coming or going.
        for (std::size_t count = 0; count < round; this_fiber::yield()) {
          const std::lock_guard lock(guard);
          count = reported.size();
        }
        EXPECT_EQ(reported.back().name, failing.local_endpoint().to_string());
        tcp_stream fine = tcp_stream::connect(at);
        fine.write_all(test::bytes("x"));
        EXPECT_EQ(test::read_all(fine), "fine");
      }
    });
  });
  ASSERT_EQ(reported.size(), 20U);
  EXPECT_NE(std::string(reported[0].spawned_at.file).find("serve_test"), std::string::npos);
  EXPECT_THROW(std::rethrow_exception(reported[0].error), std::runtime_error);
}

TEST(serve, survives_a_handler_that_throws_something_that_is_no_exception) {
  config settings = test::with_loops(2);
  std::atomic<int> reported{0};
  settings.on_unhandled = [&](const unhandled_error&) { ++reported; };
  heddle::run(settings, [] {
    while_serving([](const tcp_stream&) { throw 7; }, {},
                  [](const endpoint& at) {
                    for (int i = 0; i < 5; ++i) {
                      tcp_stream client = tcp_stream::connect(at);
                      EXPECT_EQ(test::read_all(client), "");
                    }
                  });
  });
  EXPECT_EQ(reported, 5);
}

TEST(serve, stops_accepting_at_its_limit_until_a_connection_ends) {
  heddle::run(test::with_loops(2), [] {
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    const auto counted_echo = [&](tcp_stream peer) {
      const int count = ++now;
      for (int seen = most; seen < count && !most.compare_exchange_weak(seen, count);) {
      }
      echo(std::move(peer));
      --now;
    };
    serve_options three;
    three.max_connections = 3;
    while_serving(counted_echo, three, [&](const endpoint& at) {
      std::vector<tcp_stream> clients(20);
      for (tcp_stream& client : clients) client = tcp_stream::connect(at);
      for (auto& client : clients) client.write_all(test::bytes("x"));
      for (auto& client : clients) {
        // Answered in the order of arrival, each when one before it has gone.
        EXPECT_EQ(test::read_exactly(client, 1), "x");
        client.close();
      }
    });
    EXPECT_EQ(most, 3);
  });
}

TEST(serve, has_a_limit_below_that_of_descriptors_by_default) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit lowered = before;
  lowered.rlim_cur = 100;
  heddle::run(test::with_loops(2), [&] {
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    const auto hold = [&](tcp_stream peer) {
      const int count = ++now;
      for (int seen = most; seen < count && !most.compare_exchange_weak(seen, count);) {
      }
      EXPECT_EQ(test::read_once(peer), "");
      --now;
    };
    std::vector<tcp_stream> clients;
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    ::setrlimit(RLIMIT_NOFILE, &lowered);
    task<void> server = spawn([&] { serve(listener, hold); });
    clients.push_back(tcp_stream::connect(listener.local_endpoint()));
    while (now == 0) this_fiber::yield();
    ::setrlimit(RLIMIT_NOFILE, &before);
    while (clients.size() < 150) {
      clients.push_back(tcp_stream::connect(listener.local_endpoint()));
    }
    while (most < 80) this_fiber::yield();
    for (auto& client : clients) client.shutdown_write();
    for (auto& client : clients) EXPECT_EQ(test::read_once(client), "");
    listener.close();
    server.join();
    EXPECT_EQ(most, 80);
  });
}

TEST(serve, lets_a_handler_keep_its_stream) {
  heddle::run(test::with_loops(2), [] {
    tcp_stream kept;
    std::atomic<bool> taken{false};
    const auto keep = [&](tcp_stream peer) {
      kept = std::move(peer);
      taken = true;
    };
    tcp_stream client;
    while_serving(keep, {}, [&](const endpoint& at) {
      client = tcp_stream::connect(at);
      while (!taken) this_fiber::yield();
    });
    kept.write_all(test::bytes("still open"));
    EXPECT_EQ(test::read_exactly(client, 10), "still open");
  });
}

TEST(serve, takes_newcomers_whichever_loop_is_hogged) {
  for (const unsigned hogged : {0U, 1U}) {
    runtime home(test::with_loops(2));
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    task<void> server = home.spawn([&] { serve(listener, echo); });
    std::atomic<bool> hogging{false};
    std::atomic<bool> over{false};
    task<void> hog = home.spawn({.pinned = true, .loop = hogged}, [&] {
      hogging = true;
      test::wait_until([&] { return over.load(); });
    });
    test::wait_until([&] { return hogging.load(); });
    for (int n = 0; n < 10; ++n) {
      tcp_stream client = tcp_stream::connect(listener.local_endpoint());
      EXPECT_EQ(ask(client, "whoever is free"), "whoever is free");
    }
    over = true;
    hog.join();
    listener.close();
    server.join();
  }
}

TEST(serve, serves_unix_sockets) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("unix:@heddle_serve_test");
    task<void> server = spawn([&] { serve(listener, echo); });
    tcp_stream client = tcp_stream::connect(listener.local_endpoint());
    EXPECT_EQ(ask(client, "local"), "local");
    client.close();
    listener.close();
    server.join();
  });
}

TEST(serve, needs_a_fiber) {
  tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
  EXPECT_THROW(serve(listener, echo), std::logic_error);
}

}  // namespace
}  // namespace heddle::io
