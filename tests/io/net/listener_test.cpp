// SPDX-License-Identifier: MIT
// Binding and accepting: where, with whom else, with which options, and what is left afterwards.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heddle::io {
namespace {

using ::testing::StartsWith;

std::string bind_error(const endpoint& local, const listen_options& options = {}) {
  try {
    const tcp_listener listener = tcp_listener::bind(local, options);
    return "bound";
  } catch (const io_error& error) {
    EXPECT_EQ(error.where(), local);
    std::error_code code;
    EXPECT_FALSE(tcp_listener::bind(local, options, code).is_open());
    EXPECT_EQ(code, error.code());
    return error.what();
  }
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

TEST(listener, has_the_port_that_the_system_chose) {
  const tcp_listener v4 = tcp_listener::bind("127.0.0.1:0");
  EXPECT_EQ(v4.local_endpoint().host(), "127.0.0.1");
  EXPECT_NE(v4.local_endpoint().port(), 0);
  const tcp_listener v6 = tcp_listener::bind("[::1]:0");
  EXPECT_NE(v6.local_endpoint().port(), 0);
}

TEST(listener, cannot_be_bound_twice) {
  tcp_listener first = tcp_listener::bind("127.0.0.1:0");
  const endpoint taken = first.local_endpoint();
  EXPECT_EQ(bind_error(taken), "listen at " + taken.to_string() + ": Address already in use");
  first.close();
  EXPECT_EQ(first.local_endpoint(), taken);
  EXPECT_EQ(bind_error(taken), "bound");
}

TEST(listener, can_be_bound_again_while_old_connections_linger) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener first = tcp_listener::bind("127.0.0.1:0");
    const endpoint at = first.local_endpoint();
    tcp_stream near = tcp_stream::connect(at);
    tcp_stream far = first.accept();
    first.close();
    far.close();  // the server ends first, so its side keeps the port in TIME_WAIT
    EXPECT_EQ(test::read_once(near), "");
    near.close();
    EXPECT_EQ(bind_error(at), "bound");
  });
}

TEST(listener, shares_its_port_with_others_only_if_all_agree) {
  listen_options shared;
  shared.reuse_port = toggle::on;
  const tcp_listener first = tcp_listener::bind("127.0.0.1:0", shared);
  EXPECT_EQ(bind_error(first.local_endpoint(), shared), "bound");
  EXPECT_THAT(bind_error(first.local_endpoint()), StartsWith("listen at "));
}

TEST(listener, names_the_endpoint_it_cannot_have) {
  EXPECT_THAT(bind_error("192.0.2.1:80"), StartsWith("listen at 192.0.2.1:80: Cannot assign"));
  EXPECT_THAT(bind_error("unix:/nonexistent/x"), StartsWith("listen at unix:/nonexistent/x: No"));
  EXPECT_THAT(bind_error(endpoint()), StartsWith("listen at (none): "));
  listen_options negative;
  negative.backlog = -1;
  EXPECT_THROW(tcp_listener::bind("127.0.0.1:0", negative), std::invalid_argument);
}

TEST(listener, removes_the_path_it_made_and_no_other) {
  const std::string path = ::testing::TempDir() + "heddle_listener_" + std::to_string(::getpid());
  const std::string at = "unix:" + path;
  {
    const tcp_listener listener = tcp_listener::bind(at);
    EXPECT_TRUE(exists(path));
    EXPECT_EQ(bind_error(at), "listen at " + at + ": Address already in use");
    EXPECT_TRUE(exists(path));
  }
  EXPECT_FALSE(exists(path));
  tcp_listener listener = tcp_listener::bind(at);
  const std::string moved = path + ".moved";
  ASSERT_EQ(::rename(path.c_str(), moved.c_str()), 0);
  std::ofstream(path) << "somebody's file";
  listener.close();
  EXPECT_TRUE(exists(path));
  ::unlink(path.c_str());
  ::unlink(moved.c_str());
}

TEST(listener, names_its_newcomers) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    const tcp_stream near = tcp_stream::connect(listener.local_endpoint());
    const tcp_stream far = listener.accept();
    EXPECT_EQ(far.peer_endpoint(), near.local_endpoint());
    EXPECT_EQ(far.local_endpoint(), listener.local_endpoint());
  });
}

TEST(listener, accepts_somebody_who_has_gone_already) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    tcp_stream::connect(listener.local_endpoint()).abort();
    tcp_stream::connect(listener.local_endpoint()).close();
    tcp_stream reset = listener.accept();
    std::error_code error;
    std::string room(1, '\0');
    reset.read_some(test::room_in(room), error);
    EXPECT_EQ(error, std::errc::connection_reset);
    tcp_stream ended = listener.accept();
    EXPECT_EQ(test::read_once(ended), "");
  });
}

TEST(listener, shares_newcomers_out_among_many_acceptors) {
  heddle::run(test::with_loops(2), [] {
    constexpr int newcomers = 200;
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    std::atomic<int> accepted{0};
    std::vector<task<void>> acceptors(8);
    for (task<void>& acceptor : acceptors) {
      acceptor = spawn([&] {
        std::error_code error;
        while (listener.accept(error).is_open()) ++accepted;
        const bool found_it_closed = error == std::errc::bad_file_descriptor;
        EXPECT_TRUE(found_it_closed || error == std::errc::operation_canceled) << error;
      });
    }
    std::vector<tcp_stream> near(newcomers);
    for (tcp_stream& each : near) each = tcp_stream::connect(listener.local_endpoint());
    while (accepted < newcomers) this_fiber::yield();
    listener.close();
    for (auto& each : acceptors) each.join();
    EXPECT_EQ(accepted, newcomers);
  });
}

TEST(listener, refuses_newcomers_once_closed) {
  heddle::run(test::with_loops(2), [] {
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    listener.close();
    std::error_code error;
    tcp_stream::connect(listener.local_endpoint(), error);
    EXPECT_EQ(error, std::errc::connection_refused);
    listener.accept(error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    EXPECT_THROW(listener.accept(), io_error);
    EXPECT_THROW(tcp_listener().accept(), io_error);
  });
}

TEST(listener, and_its_streams_are_close_on_exec_and_do_not_block) {
  const auto before = test::open_descriptors();
  heddle::run(test::with_loops(2), [&before] {
    // A thread that starts opens files of /proc for a moment: look when both have started.
    spawn({.name = {}, .pinned = true, .loop = 1}, [] {}).join();
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    tcp_listener local = tcp_listener::bind("unix:@heddle_listener_test");
    const auto tcp = test::connected_pair();
    const auto unix_pair = test::connected_pair("unix:@heddle_listener_test_too");
    const auto timed =
        wait_readable(listener.native_handle(), deadline::after(std::chrono::nanoseconds{1}));
    EXPECT_FALSE(timed);
    for (const auto& [fd, what] : test::open_descriptors()) {
      if (before.contains(fd)) continue;
      EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC) << "descriptor " << fd << ' ' << what;
    }
    for (const int fd :
         {listener.native_handle(), local.native_handle(), tcp.near.native_handle(),
          tcp.far.native_handle(), unix_pair.near.native_handle(), unix_pair.far.native_handle()}) {
      EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK) << "descriptor " << fd;
    }
  });
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace heddle::io
