// SPDX-License-Identifier: MIT
// Real signals to a server in a process of its own, under load: what it has accepted it answers,
// and a second signal stops it at once. The clients are plain threads of the test's process.
#include <heddle/io/graceful.hpp>
#include <heddle/runtime.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace heddle::io {
namespace {

using namespace std::chrono_literals;

/// What the child counts.
struct ledger {
  std::atomic<int> accepted{0};
  std::atomic<int> cancelled{0};
};

using handler = void (*)(tcp_stream peer, ledger& book);

void answer_one(tcp_stream peer, ledger& book) {
  ++book.accepted;
  if (test::read_once(peer).empty()) return;
  this_fiber::sleep_for(1ms);
  peer.write_all(test::bytes("!"));
}

void wait_for_ever(tcp_stream peer, ledger& book) {
  ++book.accepted;
  peer.write_all(test::bytes("!"));
  try {
    test::read_once(peer);
  } catch (const cancelled&) {
    ++book.cancelled;
    throw;
  }
}

void ignore_cancellation(tcp_stream peer, ledger& book) {
  ++book.accepted;
  peer.write_all(test::bytes("!"));
  shield([] { this_fiber::sleep_for(1h); });
}

/// A server in a child, which prints its port, and how it ended.
class child_server {
 public:
  explicit child_server(handler how) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::alarm(50);
      serve_in_child(how, ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    from_child_ = ends[0];
    at_ = endpoint("127.0.0.1", std::stoi(read_line()));
  }
  ~child_server() {
    ::close(from_child_);
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  child_server(const child_server&) = delete;
  child_server& operator=(const child_server&) = delete;

  const endpoint& at() const { return at_; }
  void kill(int signal) const { ::kill(child_, signal); }

  /// Returns "how signals... accepted cancelled".
  std::string report() { return read_line(); }
  /// Returns whether it has, without waiting.
  bool has_ended(int& with) {
    if (::waitpid(child_, &with, WNOHANG) != child_) return false;
    child_ = 0;
    return true;
  }
  int status() {
    int ended = 0;
    ::waitpid(child_, &ended, 0);
    child_ = 0;
    return ended;
  }

 private:
  static void print(int to, const std::string& line) {
    static_cast<void>(::write(to, (line + "\n").c_str(), line.size() + 1));
  }

  static void serve_in_child(handler how, int to) {
    heddle::run(test::with_loops(2), [&] {
      tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
      ledger book;
      const stop_report report = stop_on_signals([&](drain_stop& now) {
        print(to, std::to_string(listener.local_endpoint().port()));
        serve_options options;
        options.drain = 1h;
        options.cut_short = &now;
        serve(
            listener, [&](tcp_stream peer) { how(std::move(peer), book); }, options);
      });
      std::ostringstream text;
      text << static_cast<int>(report.how);
      for (const int each : report.signals) text << ' ' << each;
      text << " | " << book.accepted << ' ' << book.cancelled;
      print(to, text.str());
    });
  }

  std::string read_line() const {
    std::string line;
    for (char c = 0; ::read(from_child_, &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }

  pid_t child_ = 0;
  int from_child_ = -1;
  endpoint at_;
};

/// Asks again and again until it is refused, and counts the answers.
void ask_until_refused(const endpoint& at, std::atomic<int>& answers) {
  for (;;) {
    std::error_code error;
    tcp_stream stream = tcp_stream::connect(at, error);
    if (error == std::errc::connection_refused) return;
    if (error) continue;
    stream.write_all(test::bytes("?"), error);
    std::string got(1, '\0');
    if (stream.read_exactly(test::room_in(got), error) == 1) ++answers;
  }
}

/// Returns once it takes no more clients.
void wait_until_it_drains(const endpoint& at) {
  for (std::error_code error; error != std::errc::connection_refused;) {
    tcp_stream::connect(at, error);
  }
}

/// Connects, and waits until the handler has said that it is there.
tcp_stream connect_and_wait(const endpoint& at) {
  tcp_stream stream = tcp_stream::connect(at);
  test::read_exactly(stream, 1);
  return stream;
}

std::string number(int signal) { return std::to_string(signal); }

TEST(graceful, a_signal_under_load_loses_no_request_that_was_accepted) {
  for (int round = 0; round < 20; ++round) {
    child_server server(answer_one);
    std::atomic<int> answers{0};
    std::vector<std::thread> clients;
    for (int n = 0; n < 8; ++n) {
      clients.emplace_back([&] { ask_until_refused(server.at(), answers); });
    }
    while (answers < 20 + round) std::this_thread::yield();
    server.kill(round % 2 == 0 ? SIGTERM : SIGINT);
    for (std::thread& each : clients) each.join();
    EXPECT_EQ(server.report(), "1 " + number(round % 2 == 0 ? SIGTERM : SIGINT) + " | " +
                                   std::to_string(answers) + " 0");
    EXPECT_GT(answers, 0);
    EXPECT_EQ(server.status(), 0);
  }
}

TEST(graceful, a_second_signal_stops_at_once) {
  child_server server(wait_for_ever);
  std::vector<tcp_stream> clients;
  for (int n = 0; n < 5; ++n) clients.push_back(connect_and_wait(server.at()));
  server.kill(SIGTERM);
  wait_until_it_drains(server.at());  // and would do so for an hour
  server.kill(SIGINT);
  for (tcp_stream& each : clients) EXPECT_EQ(test::read_all(each), "");
  const std::string report = server.report();
  EXPECT_EQ(report.substr(0, report.find('|')),
            "2 " + number(SIGTERM) + " " + number(SIGINT) + " ");
  EXPECT_EQ(server.status(), 0);
}

TEST(graceful, a_third_signal_does_what_it_did_before) {
  child_server server(ignore_cancellation);
  const tcp_stream client = connect_and_wait(server.at());
  server.kill(SIGTERM);
  wait_until_it_drains(server.at());
  // The second is taken when the handler of the first two is gone; until then more are the same.
  int status = 0;
  for (bool ended = false; !ended; ended = server.has_ended(status)) {
    server.kill(SIGTERM);
    std::this_thread::yield();
  }
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST(graceful, a_body_that_ends_by_itself_is_reported_so) {
  heddle::run(test::with_loops(1), [] {
    const auto before = test::open_descriptors();
    const auto report = stop_on_signals([](drain_stop&) { return 5; });
    EXPECT_EQ(report.how, stop_kind::by_itself);
    EXPECT_TRUE(report.signals.empty());
    EXPECT_THROW(stop_on_signals([](drain_stop&) { throw std::runtime_error("planned"); }),
                 std::runtime_error);
    EXPECT_THROW(stop_on_signals([](drain_stop&) {}, {{SIGKILL}}), std::invalid_argument);
    EXPECT_EQ(test::open_descriptors(), before);
  });
}

TEST(graceful, the_callers_own_cancellation_goes_through) {
  heddle::run(test::with_loops(1), [] {
    task<void> caller =
        spawn([] { stop_on_signals([](drain_stop&) { this_fiber::sleep_for(1h); }); });
    test::let_all_run();
    caller.cancel();
    EXPECT_THROW(caller.join(), task_cancelled);
  });
}

TEST(graceful, other_signals_can_be_asked_for) {
  heddle::run(test::with_loops(1), [] {
    const auto report = stop_on_signals(
        [](drain_stop& now) {
          EXPECT_FALSE(now.stopped());
          ::raise(SIGUSR1);
          this_fiber::sleep_for(1h);
        },
        {{SIGUSR1}});
    EXPECT_EQ(report.how, stop_kind::drained);
    EXPECT_EQ(report.signals, std::vector<int>{SIGUSR1});
  });
}

TEST(graceful, draining_can_be_cut_short_before_it_begins) {
  heddle::run(test::with_loops(2), [] {
    drain_stop now;
    now.stop_now();
    now.stop_now();
    EXPECT_TRUE(now.stopped());
    tcp_listener listener = tcp_listener::bind("127.0.0.1:0");
    std::atomic<bool> inside{false};
    serve_options options;
    options.drain = 1h;
    options.cut_short = &now;
    task<void> server = spawn([&] {
      serve(
          listener,
          [&](tcp_stream&) {
            inside = true;
            this_fiber::sleep_for(1h);
          },
          options);
    });
    const tcp_stream client = tcp_stream::connect(listener.local_endpoint());
    while (!inside) this_fiber::yield();
    listener.close();
    server.join();
  });
}

}  // namespace
}  // namespace heddle::io
