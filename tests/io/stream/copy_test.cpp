// SPDX-License-Identifier: MIT
// From one stream to another, whole, whatever the pieces; errors name the side that failed.
#include <heddle/io/copy.hpp>
#include <heddle/io/error.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>

#include "io/net/sockets.hpp"
#include "io/stream/pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace heddle::io {
namespace {

using test::pieces;
using test::sink;
using ::testing::HasSubstr;

TEST(copy, takes_everything_whatever_the_pieces) {
  const std::string text(1000, 'x');
  for (const std::size_t most : {1U, 7U, 4096U}) {
    pieces from = pieces::single(text);
    sink to(most);
    EXPECT_EQ(copy(from, to, {.buffer_bytes = 16}), 1000U);
    EXPECT_EQ(to.text(), text);
  }
}

TEST(copy, says_which_side_failed) {
  pieces from("12345");
  from.fail_at_the_end(std::make_error_code(std::errc::connection_reset));
  sink to;
  try {
    copy(from, to);
    FAIL() << "an error was taken for the end";
  } catch (const io_error& failed) {
    EXPECT_EQ(failed.code(), std::errc::connection_reset);
    EXPECT_EQ(failed.operation(), "read from");
    EXPECT_EQ(to.text(), "12345");
  }
  pieces much("12345");
  sink full(10, 3);
  try {
    copy(much, full);
    FAIL() << "an error was not noticed";
  } catch (const io_error& failed) {
    EXPECT_EQ(failed.code(), std::errc::no_space_on_device);
    EXPECT_EQ(failed.operation(), "write to");
  }
}

TEST(copy, joins_two_sockets) {
  heddle::run(test::with_loops(2), [] {
    auto client = test::connected_pair();
    auto server = test::connected_pair();
    auto between = spawn([&] {
      const std::uint64_t copied = copy(client.far, server.near);
      server.near.shutdown_write();
      return copied;
    });
    auto reader = spawn([&] { return test::read_all(server.far).size(); });
    const std::string much(std::size_t{5} << 20, 'y');
    client.near.write_all(test::bytes(much));
    client.near.shutdown_write();
    EXPECT_EQ(between.join(), much.size());
    EXPECT_EQ(reader.join(), much.size());
  });
}

TEST(copy, names_an_option_that_cannot_be) {
  pieces from("");
  sink to;
  try {
    copy(from, to, {.buffer_bytes = 0});
    FAIL() << "0 bytes were accepted";
  } catch (const std::invalid_argument& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("copy_options::buffer_bytes is 0"));
  }
}

}  // namespace
}  // namespace heddle::io
