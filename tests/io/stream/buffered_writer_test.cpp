// SPDX-License-Identifier: MIT
// Bytes go out in order, a buffer at a time, and not more of them wait than the limit says.
#include <heddle/io/buffered_writer.hpp>
#include <heddle/io/error.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>

#include "io/shared_names.hpp"
#include "io/stream/pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace heddle::io {
namespace {

using test::sink;

TEST(buffered_writer, gathers_small_writes_until_it_is_flushed) {
  sink to;
  buffered_writer out(to, {.buffer_bytes = 100});
  for (int n = 0; n < 9; ++n) out.write("0123456789");
  EXPECT_EQ(to.writes(), 0);
  EXPECT_EQ(out.waiting(), 90U);
  out.flush();
  EXPECT_EQ(to.writes(), 1);
  EXPECT_EQ(to.text().size(), 90U);
  EXPECT_EQ(out.waiting(), 0U);
  out.flush();
  EXPECT_EQ(to.writes(), 1);
}

TEST(buffered_writer, keeps_the_order_of_small_and_large_writes_whatever_the_stream_takes) {
  for (const std::size_t most : {1U, 3U, 7U, 64U, 1000U}) {
    sink to(most);
    buffered_writer out(to, {.buffer_bytes = 16});
    std::string all;
    for (std::size_t n = 0; n < 60; ++n) {
      const std::string text(n, static_cast<char>('a' + n % 26));
      out.write(text);
      all += text;
      EXPECT_LE(out.waiting(), 16U);
    }
    out.flush();
    EXPECT_EQ(to.text(), all);
  }
}

TEST(buffered_writer, an_error_is_not_forgotten) {
  sink to(10, 15);
  buffered_writer out(to, {.buffer_bytes = 10});
  std::error_code error;
  out.write("0123456789", error);
  EXPECT_FALSE(error);
  out.write("0123456789", error);
  EXPECT_EQ(error, std::errc::no_space_on_device);
  const int writes = to.writes();
  out.write("x", error);
  EXPECT_EQ(error, std::errc::no_space_on_device);
  out.flush(error);
  EXPECT_EQ(error, std::errc::no_space_on_device);
  EXPECT_EQ(to.writes(), writes);
  EXPECT_THROW(out.write("x"), io_error);
}

TEST(buffered_writer, a_flush_that_was_cancelled_goes_on_where_it_stood) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    const std::string megabyte(1 << 20, 'm');
    buffered_writer out(both.near, {.buffer_bytes = std::size_t{1} << 26});
    for (int n = 0; n < 32; ++n) out.write(megabyte);  // more than the kernel takes
    EXPECT_FALSE(move_on_after(5ms, [&] { out.flush(); }));
    EXPECT_GT(out.waiting(), 0U);
    out.write("end");
    auto reader = spawn([&] { return test::read_all(both.far).size(); });
    out.flush();
    both.near.shutdown_write();
    EXPECT_EQ(reader.join(), 32 * megabyte.size() + 3);
  });
}

TEST(buffered_writer, writes_nothing_behind_a_part_of_a_write_that_was_cancelled) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    const std::string more_than_the_kernel_takes(std::size_t{1} << 25, 'm');
    buffered_writer out(both.near, {.buffer_bytes = 1000});
    EXPECT_FALSE(move_on_after(5ms, [&] { out.write(more_than_the_kernel_takes); }));
    std::error_code error;
    out.write("x", error);
    EXPECT_EQ(error, std::errc::operation_canceled);
    out.flush(error);
    EXPECT_EQ(error, std::errc::operation_canceled);
    EXPECT_EQ(out.waiting(), 0U);
  });
}

TEST(buffered_writer, goes_on_after_a_write_that_was_cancelled_before_it_began) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    buffered_writer out(both.near, {.buffer_bytes = 10});
    EXPECT_FALSE(move_on_at(deadline(clock::now()), [&] { out.write("larger than the buffer"); }));
    out.write("after it");
    out.flush();
    both.near.shutdown_write();
    EXPECT_EQ(test::read_all(both.far), "after it");
  });
}

TEST(buffered_writer, waits_for_a_slow_reader) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    buffered_writer out(both.near, {.buffer_bytes = 1000});
    bool done = false;
    auto writer = spawn([&] {
      const std::string line(999, 'x');
      for (int n = 0; n < 64 * 1024; ++n) out.write(line);
      out.flush();
      done = true;
      both.near.shutdown_write();
    });
    EXPECT_FALSE(move_on_after(50ms, [&] { writer.join(); }));
    EXPECT_FALSE(done);
    EXPECT_LE(out.waiting(), 1000U);
    EXPECT_EQ(test::read_all(both.far).size(), std::size_t{64} * 1024 * 999);
    writer.join();
  });
}

TEST(buffered_writer, names_a_limit_that_cannot_be) {
  sink to;
  try {
    buffered_writer out(to, {.buffer_bytes = 0});
    FAIL() << "0 bytes were accepted";
  } catch (const std::invalid_argument& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("write_limits::buffer_bytes is 0"));
  }
}

}  // namespace
}  // namespace heddle::io
