// SPDX-License-Identifier: MIT
// Writing to a peer that is gone is an error and never a SIGPIPE: each case runs in a process in
// which that signal kills.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include <unistd.h>

namespace heddle::io {
namespace {

/// Writes to a closed peer until that fails. Exits with 0 if the error is the one expected.
[[noreturn]] void write_until_broken(const char* at, unsigned loops) {
  std::signal(SIGPIPE, SIG_DFL);
  const auto write_until_error = [at] {
    auto both = test::connected_pair(at);
    both.far.close();
    const std::error_code error = test::write_for_ever(both.near);
    std::error_code again;
    both.near.write_some(test::bytes("x"), again);
    const bool gone = error == std::errc::broken_pipe || error == std::errc::connection_reset;
    return gone && again == std::errc::broken_pipe;
  };
  const bool as_told =
      loops == 0 ? write_until_error() : heddle::run(test::with_loops(loops), write_until_error);
  ::_exit(as_told ? 0 : 1);
}

TEST(stream_sigpipe, is_not_raised) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  constexpr const char* local = "unix:@heddle_stream_sigpipe_test";
  EXPECT_EXIT(write_until_broken("127.0.0.1:0", 2), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(write_until_broken("127.0.0.1:0", 0), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(write_until_broken(local, 2), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(write_until_broken(local, 0), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace heddle::io
