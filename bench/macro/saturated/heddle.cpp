// SPDX-License-Identifier: MIT
// P22: an echo over TCP, asked once a millisecond by a plain thread, on loops that have nothing
// else to do; first alone, then while the CPU pool, with as many threads as cores, computes without
// a pause. And what of the pool's work is done beside loops that are busy without a pause, to what
// it does alone: neither may starve the other.
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

void answer(heddle::io::tcp_listener& listener) {
  auto client = listener.accept();
  std::array<std::byte, 64> buffer;
  while (const std::size_t got = client.read_some(buffer)) {
    client.write_all(std::span(buffer).first(got));
  }
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(port);
  const int on = 1;
  bench::require(::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0, "connect");
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void ask(int fd, milliseconds length, const std::string& beside) {
  std::array<char, 64> message{};
  std::vector<double> times;
  for (const auto over = steady::now() + length; steady::now() < over;) {
    std::this_thread::sleep_for(milliseconds(1));
    const auto asked = steady::now();
    bench::require(::send(fd, message.data(), message.size(), MSG_NOSIGNAL) == 64, "send");
    bench::require(::recv(fd, message.data(), message.size(), MSG_WAITALL) == 64, "recv");
    times.push_back(std::chrono::duration<double, std::milli>(steady::now() - asked).count());
  }
  const std::string tags = ",\"beside\":\"" + beside + "\"";
  bench::report("echo_count", static_cast<double>(times.size()), tags);
  bench::report("echo_p50_ms", bench::quantile(times, 0.5), tags);
  bench::report("echo_p99_ms", bench::quantile(times, 0.99), tags);
  bench::report("echo_max_ms", bench::quantile(times, 1.0), tags);
}

/// Computes on every thread of the CPU pool until `over`. Returns how many rounds.
long compute(const std::atomic<bool>& over) {
  std::atomic<long> rounds{0};
  const unsigned threads = heddle::runtime::current().settings().cpu_threads;
  heddle::parallel_for(0U, threads, [&](unsigned) {
    while (!over) {
      for (int n = 0; n < 20'000; ++n) asm volatile("" ::: "memory");
      ++rounds;
    }
  });
  return rounds;
}

double work_a_second(heddle::runtime& home, milliseconds length) {
  std::atomic<bool> over{false};
  auto work = home.spawn([&over] { return compute(over); });
  std::this_thread::sleep_for(length);
  over = true;
  return static_cast<double>(work.join()) / (static_cast<double>(length.count()) / 1000);
}

}  // namespace

int main(int argc, char** argv) {
  const milliseconds length(bench::option(argc, argv, "--ms", 3000));
  bench::end_after(120);
  heddle::config settings;
  settings.on_stall = [](const heddle::stall_report&) {};
  heddle::runtime home(settings);
  auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
  auto server = home.spawn([&listener] { answer(listener); });
  const int fd = connect_to(listener.local_endpoint().port());
  ask(fd, length / 4, "nothing, warming up");
  ask(fd, length, "nothing");
  const double alone = work_a_second(home, length);
  {
    std::atomic<bool> over{false};
    auto work = home.spawn([&over] { return compute(over); });
    ask(fd, length, "a saturated CPU pool");
    over = true;
    work.join();
  }
  ::close(fd);
  server.join();
  std::atomic<bool> over{false};
  std::vector<heddle::task<void>> busy;
  for (unsigned n = 0; n < home.settings().loops; ++n) {
    busy.push_back(home.spawn({.loop = n}, [&over] {
      while (!over) heddle::this_fiber::yield();
    }));
  }
  const double beside = work_a_second(home, length);
  over = true;
  for (auto& each : busy) each.join();
  bench::report("pool_share_beside_busy_loops", beside / alone);
}
