// SPDX-License-Identifier: MIT
// A client's durations at their ends: what is not positive is refused by name, and the longest that
// there is means that no server is ever too slow, in simulated time that leaps by weeks.
#include <heddle/http/client.hpp>
#include <heddle/http/websocket.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/support/answering.hpp"
#include "http/support/longest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using test::bytes;
using ::testing::HasSubstr;

constexpr auto long_after = 1000h;

TEST(http_client_durations, that_are_not_positive_are_refused_by_name) {
  for (const auto& each : test::duration_fields<client_config>()) {
    for (const nanoseconds value : {nanoseconds::min(), nanoseconds(-1), nanoseconds(0)}) {
      client_config config;
      config.*each.place = value;
      try {
        const client never(config);
        ADD_FAILURE() << each.name << " of " << value.count() << " ns was taken";
      } catch (const std::invalid_argument& refused) {
        EXPECT_THAT(refused.what(), HasSubstr("client_config::" + each.name));
      }
    }
  }
  client_request asked("GET", "http://h/");
  for (const nanoseconds value : {nanoseconds::min(), nanoseconds(-1), nanoseconds(0)}) {
    EXPECT_THROW(asked.timeout(value), std::invalid_argument);
    websocket_client_config config;
    config.timeout = value;
    EXPECT_THROW(websocket::connect("ws://127.0.0.1:1/", config), std::invalid_argument);
  }
}

/// Sends `text` in three parts, long after one another; the last cut is within its body.
void send_slowly(io::tcp_stream& to, std::string_view text) {
  const std::size_t first = text.size() / 3;
  const std::size_t last = text.size() - (text.ends_with("0\r\n\r\n") ? 10 : 3);
  for (const std::string_view part :
       {text.substr(0, first), text.substr(first, last - first), text.substr(last)}) {
    this_fiber::sleep_for(long_after);
    to.write_all(bytes(part));
  }
}

/// Runs `talk(client, "http://127.0.0.1:port")` beside `serve(stream)`, with all the time there is,
/// for TCP too.
template <class Serve, class Talk>
void asked_patiently(Serve serve, Talk talk) {
  testing::simulation world({.seed = 3});
  world.run([&] {
    io::tcp_listener listener =
        io::tcp_listener::bind("127.0.0.1:0", {.stream = {.give_up_after = 0s}});
    task<void> serving = spawn(
        [&] { io::serve(listener, [&](io::tcp_stream& from) { serve(from); }, {.drain = 0s}); });
    client_config config = test::longest<client_config>();
    config.connections_per_host = 1;
    config.expect_continue_bytes = 50'000;
    client asks(config);
    talk(asks, "http://" + listener.local_endpoint().to_string());
    EXPECT_EQ(asks.stats().connections, 1U);
    EXPECT_EQ(asks.stats().retries, 0U);
    asks.close();
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
  EXPECT_GT(world.elapsed(), 3 * long_after);
}

TEST(http_client_durations, that_are_the_longest_wait_for_every_part_of_a_response) {
  const auto serve = [](io::tcp_stream& from) {
    if (test::read_request(from).empty()) return;
    send_slowly(from, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
    if (test::read_request(from).empty()) return;
    send_slowly(
        from, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n");
    test::read_request(from);
  };
  asked_patiently(serve, [](client& asks, const std::string& at) {
    EXPECT_EQ(asks.get(at).body(), "0123456789");
    this_fiber::sleep_for(long_after);
    EXPECT_EQ(asks.get(at).body(), "0123456789") << "over a connection that was idle";
  });
}

TEST(http_client_durations, that_are_the_longest_wait_for_a_turn_and_for_a_100) {
  const auto serve = [](io::tcp_stream& from) {
    std::string body(50'000, '\0');
    while (!test::read_request(from).empty()) {
      this_fiber::sleep_for(long_after);
      from.write_all(bytes("HTTP/1.1 100 Continue\r\n\r\n"));
      this_fiber::sleep_for(long_after);
      from.read_exactly(test::room_in(body));
      send_slowly(from, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
    }
  };
  asked_patiently(serve, [](client& asks, const std::string& at) {
    const auto post = [&] {
      client_request asked("POST", at);
      asked.body(std::string(50'000, 'x')).timeout(nanoseconds::max());
      EXPECT_EQ(asks.request(asked).body(), "good");
    };
    task<void> other = spawn(post);
    post();
    other.join();
  });
}

}  // namespace
}  // namespace heddle::http
