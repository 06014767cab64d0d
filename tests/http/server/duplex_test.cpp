// SPDX-License-Identifier: MIT
// A handler that answers before it has read, or while another of its fibers reads: the two share
// one connection to write to, since the first read may have to ask for the body.
#include <heddle/http/server.hpp>
#include <heddle/runtime/task.hpp>

#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace heddle::http
