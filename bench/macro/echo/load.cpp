// SPDX-License-Identifier: MIT
// P14's, P15's and P16's load: keeps N connections to each of several servers and asks them in
// turns, one server for one window of time, then the next, and again. In a window every connection
// of its server has one message under way: 64 bytes, checked when they come back; or, with --http
// K, K pipelined requests for /plain, whose answers must be as many and as long as the first ones.
// A window's numbers: the server's CPU time a message (from /proc, all its threads), round-trip
// times, messages a second. Usage:
//   load --connections N --rounds R --window-ms M [--http K] -- NAME:PID:PORT...
#include "harness/harness.hpp"

#include <algorithm>
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
constexpr std::string_view http_request =
    "GET /plain HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n";
constexpr std::string_view http_body = "Hello, World!";

struct connection {
  int fd = -1;
  std::uint64_t sequence = 0;
  std::size_t received = 0;
  steady::time_point sent_at;
  std::string message;
  std::string answer;  // of the size that is expected
};

struct server {
  long requests = 0;  // of HTTP in a message; 0: echo
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

void send_all(const connection& one, std::string_view text) {
  const ssize_t sent = ::send(one.fd, text.data(), text.size(), MSG_NOSIGNAL);
  bench::require(sent == static_cast<ssize_t>(text.size()), "cannot send");
}

/// Asks once, to learn how long an answer is.
std::string first_answer(const connection& one) {
  send_all(one, http_request);
  std::string answer(4096, '\0');
  std::size_t bytes = 0;
  while (!std::string_view(answer).substr(0, bytes).ends_with(http_body)) {
    const ssize_t got = ::recv(one.fd, answer.data() + bytes, answer.size() - bytes, 0);
    bench::require(got > 0, "the server does not answer with what is asked for");
    bytes += static_cast<std::size_t>(got);
  }
  answer.resize(bytes);
  return answer;
}

/// Says what each connection of `one` asks.
void prepare(server& one) {
  for (connection& each : one.connections) {
    if (one.requests == 0) {
      each.message.assign(64, 'm');
      each.answer = each.message;
      continue;
    }
    const std::string answer = first_answer(each);
    for (long i = 0; i < one.requests; ++i) {
      each.message += http_request;
      each.answer += answer;
    }
  }
}

void send_next(const server& of, connection& one) {
  ++one.sequence;
  if (of.requests == 0) std::memcpy(one.message.data(), &one.sequence, sizeof one.sequence);
  one.received = 0;
  one.sent_at = steady::now();
  send_all(one, one.message);
}

/// Returns whether the whole answer is there.
bool receive(const server& of, connection& one) {
  const ssize_t got = ::recv(one.fd, one.answer.data() + one.received,
                             one.answer.size() - one.received, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return false;
  bench::require(got > 0, "the server has closed a connection");
  one.received += static_cast<std::size_t>(got);
  if (one.received < one.answer.size()) return false;
  if (of.requests == 0) {
    bench::require(one.answer == one.message, "the echo is not what was sent");
  } else {
    bench::require(one.answer.starts_with("HTTP/1.1 200 OK") && one.answer.ends_with(http_body),
                   "the answers are not those that were expected");
  }
  return true;
}

/// Keeps every connection busy for `length`, then waits for the last echoes. Returns round-trip
/// times.
std::vector<float> window(server& one, steady::duration length, std::vector<float> into) {
  into.clear();
  std::array<epoll_event, 128> events;
  const auto end = steady::now() + length;
  for (connection& each : one.connections) send_next(one, each);
  for (std::size_t open = one.connections.size(); open > 0;) {
    const int ready = ::epoll_wait(one.epoll, events.data(), static_cast<int>(events.size()), 5000);
    bench::require(ready > 0, "the server does not answer");
    for (int n = 0; n < ready; ++n) {
      auto& each = *static_cast<connection*>(events[static_cast<std::size_t>(n)].data.ptr);
      if (!receive(one, each)) continue;
      const auto now = steady::now();
      into.push_back(std::chrono::duration<float, std::micro>(now - each.sent_at).count());
      if (now < end) {
        send_next(one, each);
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
  const auto messages = static_cast<double>(scratch.size() * std::max(one.requests, 1L));
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
    each.requests = bench::option(argc, argv, "--http", 0);
    connect_all(each, static_cast<std::size_t>(connections));
    prepare(each);
    scratch = window(each, length / 4, std::move(scratch));  // warm
  }
  for (long round = 0; round < rounds; ++round) {
    for (server& each : servers) scratch = measure(each, length, std::move(scratch));
  }
}
