// SPDX-License-Identifier: MIT
// A peer that TCP has given up (ETIMEDOUT) is gone, not slow: what our own limits report is told
// apart from it.
#include "connection/body_reader.hpp"
#include "connection/inbound.hpp"
#include "connection/outbound.hpp"
#include "http/support/memory_stream.hpp"
#include "io/net/sockets.hpp"

#include <heddle/http/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>

namespace heddle::http::detail {
namespace {

using namespace std::chrono_literals;

/// A stream whose peer does not answer TCP any more.
class gone_stream : public transport {
 public:
  std::size_t read_some(std::span<std::byte>, std::error_code& error) override {
    return fail(error);
  }
  std::size_t write_some(std::span<const std::byte>, std::error_code& error) override {
    return fail(error);
  }
  void wait_readable(std::error_code& error) override { fail(error); }
  void shutdown_write(std::error_code& error) override { fail(error); }
  void close() noexcept override {}
  void abort() noexcept override { aborted = true; }
  io::endpoint peer_endpoint() const override { return "127.0.0.1:7"; }
  bool is_encrypted() const noexcept override { return false; }

  bool aborted = false;

 private:
  static std::size_t fail(std::error_code& error) {
    error = std::make_error_code(std::errc::timed_out);
    return 0;
  }
};

std::error_code read_from(transport& peer, body_kind kind, const pace& speed) {
  inbound in(peer);
  body_reader body(in, {.kind = kind, .bytes = 5}, {}, speed);
  std::string text;
  std::error_code error;
  body.read_all(text, 100, error);
  return error;
}

TEST(gone_peer, is_not_called_slow_where_a_body_is_read) {
  heddle::run(test::with_loops(1), [] {
    for (const body_kind kind : {body_kind::sized, body_kind::chunked}) {
      gone_stream gone;
      EXPECT_EQ(read_from(gone, kind, {.grace = 1h, .bytes_per_second = 1}), std::errc::timed_out);
      EXPECT_EQ(read_from(gone, kind, {}), std::errc::timed_out) << "nor where nothing limits it";
      const test::memory_pair silent = test::connected_in_memory();
      EXPECT_EQ(read_from(*silent.near, kind, {.grace = 1ms, .bytes_per_second = 1'000'000}),
                http_errc::too_slow);
    }
  });
}

TEST(gone_peer, is_not_called_stalled_where_something_is_written) {
  heddle::run(test::with_loops(1), [] {
    gone_stream gone;
    outbound to_gone(gone, 1h);
    EXPECT_FALSE(to_gone.send("text"));
    EXPECT_EQ(to_gone.error(), std::errc::timed_out);
    EXPECT_FALSE(to_gone.stalled());
    EXPECT_TRUE(gone.aborted);

    const test::memory_pair full = test::connected_in_memory({.queue_bytes = 2});
    outbound to_silent(*full.near, 1ms);
    EXPECT_FALSE(to_silent.send("text"));
    EXPECT_EQ(to_silent.error(), std::errc::timed_out);
    EXPECT_TRUE(to_silent.stalled());
  });
}

}  // namespace
}  // namespace heddle::http::detail
