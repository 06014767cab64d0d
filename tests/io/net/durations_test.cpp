// SPDX-License-Identifier: MIT
// Durations at their ends in the options of io: the longest that there is never comes, and one that
// is negative has passed, or is refused by name.
#include <heddle/io/process.hpp>
#include <heddle/io/resolver.hpp>
#include <heddle/io/serve.hpp>
#include <heddle/io/tcp.hpp>

#include "io/dns/fake_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>

namespace heddle::io {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using ::testing::HasSubstr;

/// A full listener, at which nobody can connect.
class full_listener {
 public:
  full_listener() {
    std::error_code error;
    while (!error) {
      waiting_.push_back(
          tcp_stream::connect(listener_.local_endpoint(), {.timeout = 100ms}, error));
    }
  }
  endpoint where() const { return listener_.local_endpoint(); }

 private:
  tcp_listener listener_ = tcp_listener::bind("unix:@heddle_durations_test", {.backlog = 1});
  std::vector<tcp_stream> waiting_;
};

TEST(io_durations, that_are_the_longest_never_come) {
  heddle::run(test::with_loops(2), [] {
    const test::fake_server server(test::one_each);
    resolver_options asked = server.options();
    asked.timeout = asked.other_family_within = nanoseconds::max();
    asked.shortest_ttl = asked.longest_ttl = asked.negative_ttl = std::chrono::seconds::max();
    resolver names(asked);
    EXPECT_FALSE(names.resolve("name.test", 80).empty());
    EXPECT_EQ(names.remembered(), 1U);
    EXPECT_FALSE(names.resolve("name.test", 80).empty());
    EXPECT_EQ(server.asked(), 2) << "for two families, once";

    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    const endpoint at = listener.local_endpoint();
    task<void> serving = spawn([&] {
      serve(listener, [](tcp_stream& peer) { peer.write_all(test::bytes(test::read_all(peer))); },
            {.drain = nanoseconds::max()});
    });
    const connect_options patient{.timeout = nanoseconds::max(), .names = &names};
    tcp_stream client = tcp_stream::connect(at, patient);
    client.write_all(test::bytes("hello"));
    serving.cancel();
    EXPECT_FALSE(move_on_after(50ms, [&] { serving.wait(); }));
    client.shutdown_write();
    EXPECT_EQ(test::read_all(client), "hello") << "drained, not cancelled";
    EXPECT_THROW(serving.join(), task_cancelled);
    std::error_code error;
    tcp_stream::connect("localhost", at.port(), patient, error);
    EXPECT_EQ(error, std::errc::connection_refused);

    process_options grace;
    grace.grace = nanoseconds::max();
    EXPECT_EQ(process::start({"sleep", "1000"}, grace).end().signal, SIGTERM);
  });
}

TEST(io_durations, that_are_negative_have_passed) {
  heddle::run(test::with_loops(2), [] {
    const full_listener full;
    for (const nanoseconds value : {nanoseconds(0), nanoseconds(-1), nanoseconds::min()}) {
      std::error_code error;
      tcp_stream::connect(full.where(), {.timeout = value}, error);
      EXPECT_EQ(error, std::errc::timed_out) << value.count();
      tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
      const endpoint at = listener.local_endpoint();
      task<void> serving = spawn([&] {
        serve(listener, [](tcp_stream& peer) { test::read_all(peer); }, {.drain = value});
      });
      tcp_stream client = tcp_stream::connect(at);
      serving.cancel();
      EXPECT_THROW(serving.join(), task_cancelled) << "for nobody's sake it goes on";
      process_options grace;
      grace.grace = value;
      EXPECT_NE(process::start({"sleep", "1000"}, grace).end().signal, 0);
    }
  });
}

TEST(io_durations, that_make_no_sense_are_refused_by_name) {
  const auto refusal = [](auto make) -> std::string {
    try {
      make();
      return "none";
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
  };
  for (const nanoseconds value : {nanoseconds(-1), nanoseconds::min()}) {
    EXPECT_THAT(refusal([&] { resolver({.timeout = value}); }), HasSubstr("options::timeout"));
    EXPECT_THAT(refusal([&] { resolver({.other_family_within = value}); }),
                HasSubstr("other_family_within"));
  }
  for (const nanoseconds value : {nanoseconds(-1), nanoseconds::min(), nanoseconds::max()}) {
    EXPECT_THAT(
        refusal([&] { tcp_stream::connect("localhost", 1, {.next_address_after = value}); }),
        HasSubstr("connect_options::next_address_after"));
  }
  using std::chrono::seconds;
  for (const seconds value : {seconds(-1), seconds::min(), seconds::max()}) {
    EXPECT_THAT(
        refusal([&] { tcp_stream::connect("127.0.0.1:1", {.stream = {.give_up_after = value}}); }),
        HasSubstr("stream_options::give_up_after"));
  }
  using std::chrono::milliseconds;
  for (const milliseconds value : {milliseconds(-1), milliseconds::min(), milliseconds::max()}) {
    EXPECT_THAT(refusal([&] { resolver({.attempt_timeout = value}); }),
                HasSubstr("attempt_timeout"));
  }
}

}  // namespace
}  // namespace heddle::io
