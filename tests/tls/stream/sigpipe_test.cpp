// SPDX-License-Identifier: MIT
// Writing TLS to a peer that is gone is an error and never a SIGPIPE: each case runs in a process
// in which that signal kills, on threads that do not block it.
#include <heddle/tls/stream.hpp>

#include "tls/support/tls_pair.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include <unistd.h>

namespace heddle::tls {
namespace {

enum class farewell { abort, close };

/// Writes to a peer that has gone until that fails. Exits with 0 if the error is the one expected.
[[noreturn]] void write_until_broken(unsigned loops, farewell how) {
  std::signal(SIGPIPE, SIG_DFL);
  const auto write_until_error = [how] {
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);  // loops block it
    test::tls_pair both = test::new_pair(test::test_client_options(), test::test_server_options());
    std::thread server([&] { both.server.handshake(); });
    both.client.handshake();
    server.join();
    how == farewell::abort ? both.server.abort() : both.server.close();
    std::error_code error;
    for (int n = 0; n < 1000 && !error; ++n) both.client.write_some(test::bytes("x"), error);
    const bool gone = error == std::errc::broken_pipe || error == std::errc::connection_reset;
    std::error_code again;
    both.client.shutdown_write(again);  // close_notify to nobody
    both.client.close();
    return gone;
  };
  const bool as_told =
      loops == 0 ? write_until_error() : heddle::run(test::with_loops(loops), write_until_error);
  ::_exit(as_told ? 0 : 1);
}

TEST(tls_sigpipe, is_not_raised) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const farewell how : {farewell::abort, farewell::close}) {
    EXPECT_EXIT(write_until_broken(1, how), ::testing::ExitedWithCode(0), "");
    EXPECT_EXIT(write_until_broken(0, how), ::testing::ExitedWithCode(0), "");
  }
}

}  // namespace
}  // namespace heddle::tls
