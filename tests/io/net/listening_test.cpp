// SPDX-License-Identifier: MIT
// A listener out of descriptors: newcomers are turned away without burning the CPU, somebody is
// told once a second, and all is well again as soon as there are descriptors.
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Lowers the soft limit on descriptors and restores it.
class descriptor_limit {
 public:
  explicit descriptor_limit(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lowered = before_;
    lowered.rlim_cur = most;
    ::setrlimit(RLIMIT_NOFILE, &lowered);
  }
  ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

/// A process with descriptors of its own that keeps so many connections open, and until it is
/// stopped connects again as soon as one is turned away. Plain system calls: it is a fork.
class crowd {
 public:
  crowd(const endpoint& server, std::size_t size) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(server.port());
    std::vector<pollfd> held(size, pollfd{-1, POLLIN, 0});
    int requests[2];
    int answers[2];
    if (::pipe(requests) != 0 || ::pipe(answers) != 0) throw std::runtime_error("no pipes");
    child_ = ::fork();
    if (child_ == 0) {
      ::close(requests[1]);
      ::close(answers[0]);
      besiege(held, at, requests[0], answers[1]);
    }
    ::close(requests[0]);
    ::close(answers[1]);
    stop_ = requests[1];
    answer_ = answers[0];
  }
  ~crowd() {
    stop();
    ::close(answer_);
    int status = 0;
    ::waitpid(child_, &status, 0);
  }

  /// Ends it. Returns how often it was turned away.
  std::uint64_t stop() {
    if (stop_ < 0) return 0;
    ::close(stop_);
    stop_ = -1;
    std::uint64_t turned_away = 0;
    return ::read(answer_, &turned_away, sizeof turned_away) > 0 ? turned_away : 0;
  }

 private:
  static void besiege(std::vector<pollfd>& held, const sockaddr_in& server, int stop, int answer) {
    std::uint64_t turned_away = 0;
    pollfd stopped{stop, POLLIN, 0};
    while (::poll(&stopped, 1, 1) == 0) {
      ::poll(held.data(), held.size(), 0);
      for (pollfd& each : held) {
        if (each.fd >= 0 && each.revents == 0) continue;
        if (each.fd >= 0) ++turned_away, ::close(each.fd);
        each.fd = ::socket(AF_INET, SOCK_STREAM, 0);
        static_cast<void>(
            ::connect(each.fd, reinterpret_cast<const sockaddr*>(&server), sizeof server));
      }
    }
    const auto written = ::write(answer, &turned_away, sizeof turned_away);
    ::_exit(written > 0 ? 0 : 1);
  }

  pid_t child_ = -1;
  int stop_ = -1;
  int answer_ = -1;
};

struct reports {
  std::mutex guard;
  std::vector<shortage_report> all;
};

TEST(listening, turns_newcomers_away_when_descriptors_run_out_and_recovers) {
  if (test::address_sanitized) {
    GTEST_SKIP()
        << "UBSAN's check of virtual calls opens a pipe, and takes a full table for a fault";
  }
  reports told;
  listen_options options;
  options.on_shortage = [&told](const shortage_report& report) {
    const std::lock_guard lock(told.guard);
    told.all.push_back(report);
  };
  tcp_listener listener = tcp_listener::bind("127.0.0.1:0", options);
  crowd clients(listener.local_endpoint(), 200);
  const descriptor_limit limit(64);
  const auto besieged = clock::now();
  heddle::run(test::with_loops(2), [&] {
    std::vector<tcp_stream> accepted;
    task<void> acceptor = spawn([&] {
      for (;;) accepted.push_back(listener.accept());
    });
    while (listener.refused() < 100) this_fiber::sleep_for(milliseconds{5});
    const auto cpu = test::cpu_time();
    const auto start = clock::now();
    this_fiber::sleep_for(seconds{2});
    const std::chrono::duration<double> wall = clock::now() - start;
    const double share = std::chrono::duration<double>(test::cpu_time() - cpu) / wall;
    if (!test::sanitized) {
      EXPECT_LT(share, 0.25);  // a loop that asked again and again would take all of it
    }
    EXPECT_GE(clients.stop(), 100U);
    acceptor.cancel();
    test::yield_until([&] { return acceptor.done(); });
    std::printf("%.1f %% of a CPU, %llu newcomers turned away, %zu accepted\n", 100 * share,
                static_cast<unsigned long long>(listener.refused()), accepted.size());
    EXPECT_GT(accepted.size(), 20U);
    EXPECT_LT(accepted.size(), 64U);
    accepted.clear();  // the undefined-behaviour sanitizer needs a descriptor to look at exceptions
    EXPECT_THROW(acceptor.join(), task_cancelled);
    tcp_stream near = tcp_stream::connect(listener.local_endpoint());
    tcp_stream far = listener.accept();
    // Those of the crowd who had not been taken are first, though gone by now.
    while (far.peer_endpoint() != near.local_endpoint()) far = listener.accept();
    near.write_all(test::bytes("recovered"));
    EXPECT_EQ(test::read_exactly(far, 9), "recovered");
  });
  ASSERT_GE(told.all.size(), 2U);
  const auto lasted = std::chrono::ceil<seconds>(clock::now() - besieged);
  EXPECT_LE(told.all.size(), static_cast<std::size_t>(lasted.count()) + 1) << "one a second";
  std::uint64_t reported = 0;
  for (const shortage_report& each : told.all) {
    EXPECT_EQ(each.listener, listener.local_endpoint());
    EXPECT_EQ(each.error, std::errc::too_many_files_open);
    reported += each.refused;
  }
  EXPECT_LE(reported, listener.refused());
  EXPECT_GE(reported, listener.refused() / 2);
}

TEST(listening, waits_without_cpu_and_wakes_by_itself_when_nobody_lets_go) {
  listen_options options;
  options.on_shortage = [](const shortage_report&) {};
  tcp_listener listener = tcp_listener::bind("127.0.0.1:0", options);
  crowd clients(listener.local_endpoint(), 1);
  heddle::run(test::with_loops(1), [&] {
    const tcp_stream first = listener.accept();
    std::vector<tcp_listener> hoard;
    const descriptor_limit limit(40);
    for (std::error_code full; !full;) hoard.push_back(tcp_listener::bind("127.0.0.1:0", full));
    task<tcp_stream> acceptor = spawn([&listener] { return listener.accept(); });
    test::let_all_run();
    const auto cpu = test::cpu_time();
    this_fiber::sleep_for(milliseconds{500});
    EXPECT_LT(test::cpu_time() - cpu, milliseconds{100});
    hoard.clear();
    const tcp_stream near = tcp_stream::connect(listener.local_endpoint());
    EXPECT_EQ(acceptor.join().peer_endpoint(), near.local_endpoint());
    EXPECT_EQ(listener.refused(), 0U);
  });
}

TEST(listening, ends_its_pause_when_it_is_closed_or_cancelled) {
  listen_options options;
  options.on_shortage = [](const shortage_report&) {};
  tcp_listener listener = tcp_listener::bind("127.0.0.1:0", options);
  crowd clients(listener.local_endpoint(), 100);
  const descriptor_limit limit(30);
  heddle::run(test::with_loops(1), [&] {
    std::vector<tcp_stream> accepted;
    const auto accept_all = [&] {
      std::error_code error;
      while (!error) accepted.push_back(listener.accept(error));
      return error;
    };
    task<std::error_code> cancelled = spawn(accept_all);
    while (listener.refused() < 50) this_fiber::sleep_for(milliseconds{1});
    cancelled.cancel();
    test::yield_until([&] { return cancelled.done(); });
    accepted.clear();
    EXPECT_THROW(cancelled.join(), task_cancelled);
    task<std::error_code> closed = spawn(accept_all);
    const auto so_far = listener.refused();
    while (listener.refused() < so_far + 50) this_fiber::sleep_for(milliseconds{1});
    listener.close();
    const std::error_code error = closed.join();
    EXPECT_TRUE(error == std::errc::operation_canceled || error == std::errc::bad_file_descriptor);
  });
}

}  // namespace
}  // namespace heddle::io
