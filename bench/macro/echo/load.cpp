// SPDX-License-Identifier: MIT
// P14's load: keeps N connections to each of several echo servers and asks them in turns, one
// server for one window of time, then the next, and again. In a window every connection of its
// server has one message under way: 64 bytes, checked when they come back. A window's numbers: the
// server's CPU time a message (from /proc, all its threads), round-trip times, messages a second.
// Usage: load --connections N --rounds R --window-ms M -- NAME:PID:PORT...
#include "harness/harness.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iterator>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace {

using steady = std::chrono::steady_clock;
constexpr std::size_t message_bytes = 64;

struct connection {
  int fd = -1;
  std::uint64_t sequence = 0;
  std::size_t received = 0;
  steady::time_point sent_at;
  std::array<char, message_bytes> message{};
  std::array<char, message_bytes> echo{};
};

struct server {
  std::string name;
  int pid = 0;
  int port = 0;
  int epoll = -1;
  std::vector<connection> connections;
};

/// Returns the CPU time that all threads of `pid` have used, to the nanosecond.
double cpu_ns_of(int pid) {
  double sum = 0;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    double ran = 0;
    std::ifstream(thread.path() / "schedstat") >> ran;
    sum += ran;
  }
  bench::require(sum > 0, "no CPU times in /proc: the server has ended, or the kernel tells none");
  return sum;
}

void connect_all(server& one, std::size_t count) {
  one.epoll = ::epoll_create1(EPOLL_CLOEXEC);
  one.connections.resize(count);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(static_cast<std::uint16_t>(one.port));
  const int on = 1;
  for (connection& each : one.connections) {
    each.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench::require(::connect(each.fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0,
                   "cannot connect");
    ::setsockopt(each.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.ptr = &each;
    ::epoll_ctl(one.epoll, EPOLL_CTL_ADD, each.fd, &wanted);
  }
}

void send_next(connection& one) {
  ++one.sequence;
  std::memcpy(one.message.data(), &one.sequence, sizeof one.sequence);
  one.received = 0;
  one.sent_at = steady::now();
  bench::require(::send(one.fd, one.message.data(), message_bytes, MSG_NOSIGNAL) == message_bytes,
                 "cannot send");
}

/// Returns whether the whole echo is there.
bool receive(connection& one) {
  const ssize_t got =
      ::recv(one.fd, one.echo.data() + one.received, message_bytes - one.received, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return false;
  bench::require(got > 0, "the server has closed a connection");
  one.received += static_cast<std::size_t>(got);
  if (one.received < message_bytes) return false;
  bench::require(one.echo == one.message, "the echo is not what was sent");
  return true;
}

/// Keeps every connection busy for `length`, then waits for the last echoes. Returns round-trip
/// times.
std::vector<float> window(server& one, steady::duration length, std::vector<float> into) {
  into.clear();
  std::array<epoll_event, 128> events;
  const auto end = steady::now() + length;
  for (connection& each : one.connections) send_next(each);
  for (std::size_t open = one.connections.size(); open > 0;) {
    const int ready = ::epoll_wait(one.epoll, events.data(), static_cast<int>(events.size()), 5000);
    bench::require(ready > 0, "the server does not answer");
    for (int n = 0; n < ready; ++n) {
      auto& each = *static_cast<connection*>(events[static_cast<std::size_t>(n)].data.ptr);
      if (!receive(each)) continue;
      const auto now = steady::now();
      into.push_back(std::chrono::duration<float, std::micro>(now - each.sent_at).count());
      if (now < end) {
        send_next(each);
      } else {
        --open;
      }
    }
  }
  return into;
}

std::vector<float> measure(server& one, steady::duration length, std::vector<float> scratch) {
  const double cpu_before = cpu_ns_of(one.pid);
  const auto began = steady::now();
  scratch = window(one, length, std::move(scratch));
  const double seconds = std::chrono::duration<double>(steady::now() - began).count();
  const double cpu = cpu_ns_of(one.pid) - cpu_before;
  const auto messages = static_cast<double>(scratch.size());
  const std::string tags = ",\"rival\":\"" + one.name + "\"";
  bench::report("cpu_ns", cpu / messages, tags);
  bench::report("p50_us", bench::quantile(scratch, 0.5), tags);
  bench::report("p99_us", bench::quantile(scratch, 0.99), tags);
  bench::report("per_second", messages / seconds, tags);
  bench::report("server_cores", cpu / 1e9 / seconds, tags);
  return scratch;
}

std::vector<server> servers_of(int argc, char** argv) {
  std::vector<server> all;
  int at = 1;
  while (at < argc && std::strcmp(argv[at], "--") != 0) ++at;
  for (++at; at < argc; ++at) {
    const std::string word = argv[at];
    const std::size_t first = word.find(':');
    const std::size_t second = word.find(':', first + 1);
    bench::require(second != std::string::npos, "usage: load ... -- NAME:PID:PORT...");
    server& fresh = all.emplace_back();
    fresh.name = word.substr(0, first);
    fresh.pid = std::stoi(word.substr(first + 1));
    fresh.port = std::stoi(word.substr(second + 1));
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(240);
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);

  const long connections = bench::option(argc, argv, "--connections", 64);
  const long rounds = bench::option(argc, argv, "--rounds", 9);
  const std::chrono::milliseconds length(bench::option(argc, argv, "--window-ms", 500));
  std::vector<server> servers = servers_of(argc, argv);
  std::vector<float> scratch;
  scratch.reserve(1'000'000);
  for (server& each : servers) {
    connect_all(each, static_cast<std::size_t>(connections));
    scratch = window(each, length / 4, std::move(scratch));  // warm
  }
  for (long round = 0; round < rounds; ++round) {
    for (server& each : servers) scratch = measure(each, length, std::move(scratch));
  }
}
