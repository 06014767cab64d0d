// SPDX-License-Identifier: MIT
// How calls share connections: in which order they are served, what becomes of those who leave the
// queue, and which connections are kept. Under virtual time where time matters.
#include <heddle/http/client.hpp>
#include <heddle/io/serve.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/support/answering.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;

/// Answers requests after `pause` each.
auto answer_after(std::chrono::nanoseconds pause) {
  return [pause](io::tcp_stream& from) {
    std::error_code error;
    while (!error && !test::read_request(from).empty()) {
      this_fiber::sleep_for(pause);
      from.write_all(test::bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), error);
    }
  };
}

/// Two origins, under a seed, with virtual time.
void under(std::uint64_t seed, const client_config& config, std::chrono::nanoseconds pause,
           const std::function<void(client&, const std::string&, const std::string&)>& talk) {
  testing::simulation run({.seed = seed});
  run.run([&] {
    std::vector<std::string> origins;
    std::vector<io::tcp_listener> listeners;
    std::vector<task<void>> serving;
    for (int i = 0; i < 2; ++i) {
      listeners.push_back(io::tcp_listener::bind("127.0.0.1:0"));
      origins.push_back("http://" + listeners.back().local_endpoint().to_string() + "/");
    }
    for (io::tcp_listener& each : listeners) {
      serving.push_back(spawn([&each, pause] { io::serve(each, answer_after(pause)); }));
    }
    client asks(config);
    talk(asks, origins[0], origins[1]);
    asks.close();
    EXPECT_EQ(asks.stats().open, 0U) << "seed " << seed;
    for (io::tcp_listener& each : listeners) each.close();
    for (task<void>& each : serving) each.join();
  });
}

TEST(client_pool, serves_in_the_order_of_arrival_and_passes_over_who_left) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const client_config config{.pool_wait = 1h, .connections_per_host = 1};
    under(seed, config, 1s, [](client& asks, const std::string& one, const std::string&) {
      std::vector<int> served;
      std::vector<task<void>> all;
      for (int i = 0; i < 8; ++i) {
        all.push_back(spawn([&, i] {
          asks.get(one);
          served.push_back(i);
        }));
        while (asks.stats().open == 0 || asks.stats().waiting < static_cast<std::size_t>(i)) {
          this_fiber::yield();
        }
      }
      all[3].cancel();
      all[5].cancel();
      for (task<void>& each : all) {
        try {
          each.join();
        } catch (const task_cancelled&) {
        }
      }
      EXPECT_EQ(served, (std::vector<int>{0, 1, 2, 4, 6, 7}));
      EXPECT_EQ(asks.stats().connections, 1U);
    });
  }
}

TEST(client_pool, one_that_waits_too_long_leaves_and_the_next_is_served) {
  const client_config config{.pool_wait = 1s, .connections_per_host = 1};
  under(1, config, 1500ms, [](client& asks, const std::string& one, const std::string&) {
    task<void> first = spawn([&] { EXPECT_EQ(asks.get(one).body(), "ok"); });
    while (asks.stats().open == 0) this_fiber::yield();
    EXPECT_EQ(test::error_of([&] { asks.get(one); }).code(), http_errc::pool_exhausted);
    EXPECT_EQ(asks.get(one).body(), "ok");  // waits for half a second
    first.join();
  });
}

TEST(client_pool, an_origin_that_one_gives_up_is_still_there_for_the_next_in_line) {
  const client_config config{.pool_wait = 1h, .connections = 1};
  under(1, config, 2s, [](client& asks, const std::string& one, const std::string& other) {
    task<void> first = spawn([&] { EXPECT_EQ(asks.get(one).body(), "ok"); });
    while (asks.stats().open == 0) this_fiber::yield();
    task<void> leaves = spawn([&] { asks.get(other); });
    while (asks.stats().waiting < 1) this_fiber::yield();
    task<void> stays = spawn([&] { EXPECT_EQ(asks.get(other).body(), "ok"); });
    while (asks.stats().waiting < 2) this_fiber::yield();
    leaves.cancel();
    EXPECT_THROW(leaves.join(), task_cancelled);
    first.join();
    stays.join();
    EXPECT_EQ(asks.stats().idle, 1U);
    EXPECT_EQ(asks.get(other).body(), "ok");
    EXPECT_EQ(asks.stats().connections, 2U) << "what was kept is found again";
  });
}

TEST(client_pool, an_idle_connection_of_another_origin_makes_room) {
  const client_config config{.connections = 1};
  under(1, config, 1ms, [](client& asks, const std::string& one, const std::string& other) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(asks.get(one).body(), "ok");
      EXPECT_EQ(asks.get(other).body(), "ok");
      EXPECT_EQ(asks.stats().open, 1U);
    }
    EXPECT_EQ(asks.stats().connections, 6U);
  });
}

TEST(client_pool, one_who_waits_for_a_full_origin_does_not_hold_up_another) {
  const client_config config{.pool_wait = 1h, .connections_per_host = 1, .connections = 2};
  under(1, config, 5s, [](client& asks, const std::string& one, const std::string& other) {
    task_group all;
    for (int i = 0; i < 3; ++i) all.spawn([&] { asks.get(one); });
    while (asks.stats().waiting < 2) this_fiber::yield();
    const auto began = clock::now();
    EXPECT_EQ(asks.get(other).body(), "ok");
    EXPECT_LT(clock::now() - began, 6s);  // of virtual time
    all.join();
  });
}

TEST(client_pool, keeps_connections_for_so_long_and_so_many) {
  const client_config config{.idle_connections = 2, .idle_timeout = 30s};
  under(1, config, 1ms, [](client& asks, const std::string& one, const std::string&) {
    asks.get(one);
    this_fiber::sleep_for(29s);
    asks.get(one);
    EXPECT_EQ(asks.stats().connections, 1U);
    this_fiber::sleep_for(31s);
    asks.get(one);
    EXPECT_EQ(asks.stats().connections, 2U);
    EXPECT_EQ(asks.stats().retries, 0U);
    task_group all;
    for (int i = 0; i < 5; ++i) all.spawn([&] { asks.get(one); });
    all.join();
    EXPECT_EQ(asks.stats().idle, 2U);
    EXPECT_EQ(asks.stats().open, 2U);
  });
}

TEST(client_pool, closes_what_is_idle_for_too_long_though_nobody_uses_the_client_again) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const client_config config{.idle_timeout = 30s};
    under(seed, config, 1s, [](client& asks, const std::string& one, const std::string& other) {
      asks.get(one);
      this_fiber::sleep_for(20s);
      asks.get(other);
      this_fiber::sleep_for(5s);
      EXPECT_EQ(asks.stats().open, 2U);
      this_fiber::sleep_for(6s);  // the first is over, the second is not
      EXPECT_EQ(asks.stats().open, 1U);
      this_fiber::sleep_for(25s);
      EXPECT_EQ(asks.stats().open, 0U);
      asks.get(one);  // it is watched again
      this_fiber::sleep_for(31s);
      EXPECT_EQ(asks.stats().open, 0U);
      EXPECT_EQ(asks.stats().connections, 3U);
    });
  }
}

TEST(client_pool, nobody_of_two_hundred_waits_much_longer_than_the_others) {
  const client_config config{.pool_wait = 1h, .connections_per_host = 2};
  under(1, config, 1ms, [](client& asks, const std::string& one, const std::string&) {
    std::vector<std::chrono::nanoseconds> waits;
    task_group all;
    for (int i = 0; i < 200; ++i) {
      all.spawn([&] {
        for (int n = 0; n < 5; ++n) {
          const auto began = clock::now();
          asks.get(one);
          waits.push_back(clock::now() - began);
        }
      });
    }
    all.join();
    ASSERT_EQ(waits.size(), 1000U);
    std::sort(waits.begin(), waits.end());
    EXPECT_LT(waits.back(), 4 * waits[500]);
    EXPECT_EQ(asks.stats().connections, 2U);
  });
}

/// On two loops: those who leave meet connections that come free at that very moment.
TEST(client_pool, who_leaves_while_a_connection_comes_free_takes_nothing_along) {
  test::while_answering(answer_after(50us), [](const std::string& at) {
    std::atomic<int> served{0};
    std::atomic<int> left{0};
    client asks({.pool_wait = 300us, .connections_per_host = 2});
    task_group all;
    for (int i = 0; i < 32; ++i) {
      all.spawn([&] {
        for (int n = 0; n < 500; ++n) {
          try {
            served += asks.get(at + "/").body() == "ok";
          } catch (const http_error& late) {
            left += late.code() == http_errc::pool_exhausted;
          }
        }
      });
    }
    all.join();
    EXPECT_EQ(served + left, 32 * 500);
    EXPECT_GT(left, 0);
    EXPECT_EQ(asks.stats().waiting, 0U);
    EXPECT_EQ(asks.stats().open, asks.stats().idle);
    EXPECT_EQ(asks.get(at + "/").body(), "ok");
  });
}

}  // namespace
}  // namespace heddle::http
