// SPDX-License-Identifier: MIT
// Many slow clients at once: what is held for those who do not read is little, and each who drips
// or does not read is ended by its limit, while everybody else is answered.
#include <heddle/http/server.hpp>
#include <heddle/testing/simulation.hpp>
#include <heddle/tls/listener.hpp>

#include "http/support/served.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"
#include "tls/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/resource.h>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;
using test::bytes;
using ::testing::StartsWith;

constexpr std::string_view plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::size_t high_water = 256 * 1024;  // what a connection may hold, at most

TEST(http_slow_readers, have_little_held_for_them_and_are_dropped) {
  constexpr std::size_t count = 200;
  constexpr std::size_t window = 64 * 1024;
  std::array<std::size_t, count> written{};
  server serves;
  serves.stream("GET", "/endless/{n}", [&](request_reader& in, response_writer& out) {
    std::size_t& mine = written.at(std::stoul(std::string(in.param("n"))));
    for (const std::string piece(5000, 'x');; mine += piece.size()) out.write(piece);
  });
  heddle::testing::simulation world({.seed = 11});
  world.net().set_links({.window = window});
  world.run([&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    task<void> serving = spawn([&] { serves.serve(listener); });
    std::vector<io::tcp_stream> readers;
    for (std::size_t n = 0; n < count; ++n) {
      readers.push_back(io::tcp_stream::connect(listener.local_endpoint()));
      readers.back().write_all(
          bytes("GET /endless/" + std::to_string(n) + " HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
    this_fiber::sleep_for(29s);
    EXPECT_EQ(serves.stats().write_stalls, 0U);
    for (const std::size_t each : written) {
      EXPECT_GT(each, window / 2);
      EXPECT_LT(each, window + high_water);
    }
    this_fiber::sleep_for(2s);
    EXPECT_EQ(serves.stats().write_stalls, count) << "each had its 30 s";
    EXPECT_EQ(serves.stats().failures, 0U) << "nobody's fault but the clients'";
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

/// Has as many descriptors as may be, for the time of a case.
class many_descriptors {
 public:
  many_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit all = before_;
    all.rlim_cur = all.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &all);
  }
  ~many_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  many_descriptors(const many_descriptors&) = delete;
  many_descriptors& operator=(const many_descriptors&) = delete;

  bool are(rlim_t least) const noexcept { return before_.rlim_max >= least; }

 private:
  rlimit before_{};
};

/// Waits until `serves` has dropped `count` who do not read. Returns the most memory that the
/// process had meanwhile.
std::size_t peak_until_dropped(const server& serves, std::size_t count) {
  std::size_t peak = 0;
  while (serves.stats().write_stalls < count) {
    peak = std::max(peak, test::resident_bytes());
    this_fiber::sleep_for(20ms);  // no busy loop beside those who work
  }
  return peak;
}

io::tcp_stream connect_with_little(const io::endpoint& at) {
  return io::tcp_stream::connect(at, {.stream = {.receive_buffer_bytes = 64 * 1024}});
}

io::tcp_listener bind_with_little() {
  return io::tcp_listener::bind("127.0.0.1:0", {.stream = {.send_buffer_bytes = 64 * 1024}});
}

/// Runs 200 clients that ask for a body without end and do not read, `connect(endpoint)` each, of a
/// server at `listener`.
template <class Listener, class Connect>
void expect_little_memory(Listener& listener, Connect connect) {
  constexpr std::size_t count = 200;
  server serves({.write_timeout = 1s});
  const std::string piece(100'000, 'x');
  serves.stream("GET", "/endless", [&](request_reader&, response_writer& out) {
    for (;;) out.write(piece);
  });
  task<void> serving = spawn([&] { serves.serve(listener); });
  const auto ask = [&] {
    auto stream = connect(listener.local_endpoint());
    stream.write_all(bytes("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n"));
    return stream;
  };
  const std::size_t before = test::resident_bytes();
  std::vector<decltype(ask())> readers;
  for (std::size_t n = 0; n < count; ++n) readers.push_back(ask());
  const std::size_t peak = peak_until_dropped(serves, count);
  const std::size_t each = peak > before ? (peak - before) / count : 0;
  std::printf("a client that does not read: %zu bytes, with its own end\n", each);
  if (!test::sanitized) {
    EXPECT_LT(each, high_water);
  }
  EXPECT_EQ(serves.stats().write_stalls, count);
  EXPECT_EQ(serves.stats().failures, 0U);
  serving.cancel();
  EXPECT_THROW(serving.join(), task_cancelled);
}

TEST(http_slow_readers, take_little_memory_of_the_process) {
  heddle::run(test::with_loops(2), [] {
    io::tcp_listener listener = bind_with_little();
    expect_little_memory(listener, connect_with_little);
  });
}

TEST(http_slow_readers, take_little_memory_over_tls) {
  heddle::run(test::with_loops(2), [] {
    tls::listener listener(bind_with_little(), test::test_server_options());
    const tls::client_config client = test::test_client_options();
    expect_little_memory(listener, [&](const io::endpoint& at) {
      return tls::stream::client(connect_with_little(at), "localhost", client);
    });
  });
}

/// Sends `begin`, then a byte at a time for as long as the server listens. Returns its answer.
std::string drip(const io::endpoint& at, std::string_view begin) {
  io::tcp_stream stream = io::tcp_stream::connect(at);
  stream.write_all(bytes(begin));
  task<void> drips = spawn([&stream] {
    for (std::error_code error; !error; this_fiber::sleep_for(50ms)) {
      stream.write_some(bytes("x"), error);
    }
  });
  std::string answer;
  std::string piece(1000, '\0');
  std::error_code error;
  while (const std::size_t count = stream.read_some(test::room_in(piece), error)) {
    answer.append(piece, 0, count);
  }
  stream.close();
  drips.wait();
  return answer;
}

/// Asks on one connection, and over a fresh one, again and again until `over`. Returns how often.
std::size_t ask_until(const std::atomic<bool>& over, const io::endpoint& at) {
  std::size_t answered = 0;
  io::tcp_stream kept = io::tcp_stream::connect(at);
  const auto ask = [&answered](io::tcp_stream& stream) {
    stream.write_all(bytes(plain));
    EXPECT_THAT(test::read_head(stream), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(test::read_exactly(stream, 5), "hello");
    ++answered;
  };
  while (!over) {
    ask(kept);
    io::tcp_stream fresh = io::tcp_stream::connect(at);
    ask(fresh);
    fresh.abort();  // or its port would be taken for a minute
  }
  return answered;
}

struct crowd_sizes {
  std::size_t heads;
  std::size_t bodies;
  std::size_t readers;
};

/// Runs the slow ones of each kind until all have been ended. Returns how many were told 408.
std::size_t besiege(const server& serves, const io::endpoint& at, const crowd_sizes& sizes) {
  std::atomic<std::size_t> told{0};
  task_group slow;
  const auto add = [&](std::size_t count, std::string_view begin) {
    for (std::size_t n = 0; n < count; ++n) {
      slow.spawn([&told, &at, begin] {
        if (drip(at, begin).starts_with("HTTP/1.1 408 ")) ++told;
      });
    }
  };
  std::vector<io::tcp_stream> readers;
  for (std::size_t n = 0; n < sizes.readers; ++n) {
    readers.push_back(connect_with_little(at));
    readers.back().write_all(bytes("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
  add(sizes.heads, "GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ");
  add(sizes.bodies, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  slow.join();
  peak_until_dropped(serves, sizes.readers);
  return told;
}

TEST(http_slow_clients, are_ended_five_hundred_at_once_while_others_are_answered) {
  const many_descriptors allowed;
  if (!allowed.are(1200)) GTEST_SKIP() << "each connection takes two descriptors";
  constexpr crowd_sizes sizes{.heads = 170, .bodies = 170, .readers = 160};
  server_config config{.header_timeout = 2s, .body_grace = 1s, .write_timeout = 1s};
  config.body_bytes_per_second = 2400;
  server serves(config);
  serves.get("/", [](const request&) { return response::text("hello"); });
  serves.post("/echo", [](const request&) { return response::text("never"); });
  serves.stream("GET", "/endless", [](request_reader&, response_writer& out) {
    for (const std::string piece(20'000, 'x');;) out.write(piece);
  });
  heddle::run(test::with_loops(2), [&] {
    io::tcp_listener listener = bind_with_little();
    const io::endpoint at = listener.local_endpoint();
    task<void> serving = spawn([&] { serves.serve(listener); });
    std::atomic<bool> over{false};
    std::vector<task<std::size_t>> others;
    for (int n = 0; n < 4; ++n) others.push_back(spawn([&] { return ask_until(over, at); }));
    EXPECT_EQ(besiege(serves, at, sizes), sizes.heads + sizes.bodies);
    over = true;
    for (task<std::size_t>& each : others) EXPECT_GT(each.join(), 0U);
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
  EXPECT_EQ(serves.refused(408), sizes.heads + sizes.bodies);
  EXPECT_EQ(serves.stats().write_stalls, sizes.readers);
  EXPECT_EQ(serves.stats().idle_closed, 0U);
  EXPECT_EQ(serves.stats().failures, 0U);
}

}  // namespace
}  // namespace heddle::http
