// SPDX-License-Identifier: MIT
// A server's durations at their ends: what is not positive is refused by name, and the longest that
// there is means that nobody is ever too slow, in simulated time that leaps by weeks.
#include <heddle/http/server.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/support/longest.hpp"
#include "http/support/served.hpp"

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
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr auto long_after = 1000h;

TEST(http_server_durations, that_are_not_positive_are_refused_by_name) {
  for (const auto& each : test::duration_fields<server_config>()) {
    for (const nanoseconds value : {nanoseconds::min(), nanoseconds(-1), nanoseconds(0)}) {
      server_config config;
      config.*each.place = value;
      if (each.name == "drain" && value == 0s) {
        EXPECT_NO_THROW(server{config}) << "to wait for nobody makes sense";
        continue;
      }
      try {
        const server never(config);
        ADD_FAILURE() << each.name << " of " << value.count() << " ns was taken";
      } catch (const std::invalid_argument& refused) {
        EXPECT_THAT(refused.what(), HasSubstr("server_config::" + each.name));
      }
    }
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

/// Runs `talk(stream, serving)` with one end of a connection to a server that has all the time
/// there is, as TCP below it.
template <class Talk>
void served_patiently(Talk talk) {
  server serves(test::longest<server_config>());
  serves.post("/echo",
              [](const request& asked) { return response::text(std::string(asked.body())); });
  serves.get("/large", [](const request&) { return response::text(std::string(1 << 20, 'x')); });
  serves.get("/slow", [](const request&) {
    this_fiber::sleep_for(long_after);
    return response::text("slow");
  });
  heddle::testing::simulation world({.seed = 3});
  world.run([&] {
    const io::stream_options for_ever{.give_up_after = 0s};
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0", {.stream = for_ever});
    task<void> serving = spawn([&] { serves.serve(listener); });
    io::tcp_stream client =
        io::tcp_stream::connect(listener.local_endpoint(), {.stream = for_ever});
    talk(client, serving);
    client.close();
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
  EXPECT_EQ(serves.stats().idle_closed + serves.stats().write_stalls + serves.refused(408), 0U);
  EXPECT_GT(world.elapsed(), 3 * long_after);
}

TEST(http_server_durations, that_are_the_longest_wait_for_every_part_of_a_request) {
  served_patiently([](io::tcp_stream& client, task<void>&) {
    for (const std::string_view body :
         {"Content-Length: 10\r\n\r\n0123456789",
          "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"}) {
      send_slowly(client, "POST /echo HTTP/1.1\r\nHost: h\r\n" + std::string(body));
      EXPECT_THAT(test::read_head(client), StartsWith("HTTP/1.1 200 OK"));
      EXPECT_EQ(test::read_exactly(client, 10), "0123456789");
    }
  });
}

TEST(http_server_durations, that_are_the_longest_wait_for_who_does_not_read) {
  served_patiently([](io::tcp_stream& client, task<void>&) {
    send_slowly(client, "GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    this_fiber::sleep_for(long_after);
    EXPECT_THAT(test::read_all(client), EndsWith("\r\n\r\n" + std::string(1 << 20, 'x')));
  });
}

TEST(http_server_durations, that_are_the_longest_drain_until_all_is_answered) {
  served_patiently([](io::tcp_stream& client, task<void>& serving) {
    send_slowly(client, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    this_fiber::sleep_for(1h);
    serving.cancel();
    EXPECT_THAT(test::read_all(client), EndsWith("\r\n\r\nslow"));
  });
}

}  // namespace
}  // namespace heddle::http
