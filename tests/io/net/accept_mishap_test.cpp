// SPDX-License-Identifier: MIT
// Errors of accept(2) that no peer can be made to cause: the call itself is replaced in this
// program and fails as planned. What befalls a newcomer is passed over, what befalls the listener
// is not.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::atomic<int> planned_error{0};
std::atomic<int> failures_left{0};

}  // namespace

// Found before the system's own by whoever calls accept4 in this program.
extern "C" int accept4(int listening, sockaddr* peer, socklen_t* length, int flags) {
  if (failures_left.load() > 0 && failures_left.fetch_sub(1) > 0) {
    errno = planned_error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, listening, peer, length, flags));
}

namespace heddle::io {
namespace {

void fail_accept(int times, int error) {
  planned_error = error;
  failures_left = times;
}

TEST(accept_mishap, of_a_newcomer_is_passed_over) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    for (const int error :
         {ECONNABORTED, ECONNRESET, EPROTO, EPERM, ETIMEDOUT, ENETDOWN, ENOPROTOOPT, EHOSTDOWN,
          ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EINTR}) {
      const tcp_stream near = tcp_stream::connect(listener.local_endpoint());
      fail_accept(3, error);
      EXPECT_EQ(listener.accept().peer_endpoint(), near.local_endpoint()) << error;
      EXPECT_LE(failures_left, 0);
    }
  });
}

TEST(accept_mishap, of_a_thousand_in_a_row_is_an_error) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    fail_accept(1'000'000, ECONNABORTED);
    std::error_code error;
    listener.accept(error);
    EXPECT_EQ(error, std::errc::connection_aborted);
    EXPECT_EQ(failures_left, 1'000'000 - 1000);
    fail_accept(0, 0);
  });
}

TEST(accept_mishap, of_the_listener_is_an_error) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    fail_accept(1, EFAULT);
    std::error_code error;
    EXPECT_FALSE(listener.accept(error).is_open());
    EXPECT_EQ(error, std::errc::bad_address);
  });
}

TEST(accept_mishap, for_want_of_memory_is_ridden_out_and_reported) {
  heddle::run(test::with_loops(2), [] {
    for (const int error : {ENOBUFS, ENOMEM, ENFILE, EMFILE}) {
      std::atomic<int> reports{0};
      listen_options options;
      options.on_shortage = [&reports, error](const shortage_report& report) {
        EXPECT_EQ(report.error.value(), error);
        ++reports;
      };
      tcp_listener listener = tcp_listener::bind("127.0.0.1:0", options);
      const tcp_stream near = tcp_stream::connect(listener.local_endpoint());
      const auto start = clock::now();
      fail_accept(4, error);  // also of the attempts to accept with the spare descriptor
      EXPECT_EQ(listener.accept().peer_endpoint(), near.local_endpoint());
      EXPECT_GE(clock::now() - start, std::chrono::milliseconds{20});
      EXPECT_EQ(reports, 1);
      EXPECT_EQ(listener.refused(), 0U);
    }
  });
}

}  // namespace
}  // namespace heddle::io
