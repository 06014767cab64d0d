// SPDX-License-Identifier: MIT
// A handler that answers before it has read, or while another of its fibers reads: the two share
// one connection to write to, since the first read may have to ask for the body.
#include <heddle/http/server.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <system_error>

namespace heddle::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string expecting =
    "POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\n"
    "Content-Length: 4\r\n\r\n";

TEST(duplex, an_answer_that_has_begun_has_no_100_inside) {
  server serves;
  serves.stream("POST", "/x", [](request_reader& in, response_writer& out) {
    out.write("early ");
    out.flush();
    out.write(in.read_all(100));
  });
  test::while_served(serves, [](const io::endpoint& at) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    stream.write_all(test::bytes(expecting));
    EXPECT_THAT(test::read_head(stream), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(test::read_exactly(stream, 11), "6\r\nearly \r\n");
    stream.write_all(test::bytes("body"));
    EXPECT_EQ(test::read_all(stream), "4\r\nbody\r\n0\r\n\r\n");
  });
}

TEST(duplex, one_fiber_reads_while_another_writes) {
  constexpr int pieces = 20;
  server serves;
  serves.stream("POST", "/x", [](request_reader& in, response_writer& out) {
    task<std::string> reading = spawn([&in] { return in.read_all(100); });
    for (int n = 0; n < pieces; ++n) {
      out.write("x");
      out.flush();
    }
    out.write(reading.join());
  });
  test::while_served(serves, [](const io::endpoint& at) {
    std::string wanted;
    for (int n = 0; n < pieces; ++n) wanted += "1\r\nx\r\n";
    wanted += "4\r\nbody\r\n0\r\n\r\n";
    for (int round = 0; round < 100; ++round) {
      std::string got = test::ask(at, expecting + "body");
      const std::string asked = "HTTP/1.1 100 Continue\r\n\r\n";
      if (got.starts_with(asked)) got.erase(0, asked.size());
      ASSERT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n")) << round;
      ASSERT_THAT(got, Not(HasSubstr("100 Continue"))) << round;
      ASSERT_THAT(got, EndsWith("\r\n\r\n" + wanted)) << round;
    }
  });
}

/// A client that reads nothing before it has sent all.
TEST(duplex, who_reads_does_not_wait_for_who_writes) {
  constexpr std::size_t large = std::size_t{10} << 20;
  server serves;
  serves.stream("POST", "/x", [](request_reader& in, response_writer& out) {
    task<std::size_t> reading = spawn([&in] { return in.read_all(large).size(); });
    out.write(std::string(large, 'x'));
    out.write("read " + std::to_string(reading.join()));
  });
  heddle::testing::simulation world({.seed = 7});
  world.run([&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    task<void> serving = spawn([&] { serves.serve(listener); });
    io::tcp_stream stream = io::tcp_stream::connect(listener.local_endpoint());
    stream.write_all(
        test::bytes("POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
                    std::to_string(large) + "\r\n\r\n"));
    std::error_code error;
    stream.write_all(test::bytes(std::string(large, 'y')), error);
    EXPECT_FALSE(error) << error.message();
    EXPECT_THAT(test::read_all(stream), HasSubstr("read " + std::to_string(large)));
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
  EXPECT_EQ(serves.stats().write_stalls, 0U);
}

}  // namespace
}  // namespace heddle::http
