// SPDX-License-Identifier: MIT
// Ten thousand connections to an HTTP server that wait for their next request, with a client in a
// process of its own. Each must cost less than 12 KiB of the server's memory once it waits, and go
// on to do so: a round is one request on every connection, and the wait after it.
#include <heddle/http/server.hpp>
#include <heddle/io/tcp.hpp>

#include "runtime/support/process_counts.hpp"
#include "stress/stress.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::stress {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t bytes_allowed = 12 * 1024;
constexpr std::string_view asked = "GET /users/1234?a=b HTTP/1.1\r\nHost: h\r\n\r\n";

/// Raises the soft limit on descriptors to the hard one. Returns: how many connections there are to
/// be, each of which is one descriptor.
std::size_t connections() {
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  now.rlim_cur = now.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &now);
  constexpr std::size_t others = 200;
  const std::size_t wanted = test::sanitized ? 500 : 10'000;
  require(now.rlim_max > 2 * others, "there are descriptors");
  return std::min<std::size_t>(wanted, now.rlim_max - others);
}

/// Both ends of two pipes: commands to the client, and its answers. A byte each.
struct wires {
  std::array<int, 2> command{};
  std::array<int, 2> answer{};

  wires() { require(::pipe(command.data()) == 0 && ::pipe(answer.data()) == 0, "there are pipes"); }
  /// Returns: false if the other side is gone.
  static bool take(int from) {
    char byte = 0;
    return ::read(from, &byte, 1) == 1;
  }
  static void give(int to) { require(::write(to, "x", 1) == 1, "the other side is there"); }
};

/// Sends a request and reads the answer, whose body is "1234".
void ask(io::tcp_stream& over) {
  over.write_all(std::as_bytes(std::span(asked)));
  std::string got;
  while (!got.ends_with("\r\n\r\n1234")) {
    std::array<std::byte, 512> piece;
    const std::size_t count = over.read_some(piece);
    require(count != 0, "a connection is kept");
    got.append(reinterpret_cast<const char*>(piece.data()), count);
  }
  require(got.starts_with("HTTP/1.1 200 "), "a request is answered");
}

/// The client: has all connections ask once for each command.
void run_clients(const io::endpoint& server, const wires& to_server, std::size_t count) {
  runtime home(with_loops(1));
  std::vector<io::tcp_stream> all(count);
  while (wires::take(to_server.command[0])) {
    home.run([&] {
      heddle::map(all, 200, [&](io::tcp_stream& each) {
        if (!each.is_open()) each = io::tcp_stream::connect(server, {.timeout = 1min});
        ask(each);
      });
    });
    wires::give(to_server.answer[1]);
  }
}

/// Runs the client in a fork, before this process has threads. It dies with its parent.
::pid_t start_clients(io::tcp_listener& listener, const wires& to_client, std::size_t count) {
  std::fflush(nullptr);
  const ::pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::close(to_client.command[1]);
  const io::endpoint at = listener.local_endpoint();
  listener.close();
  try {
    run_clients(at, to_client, count);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "client: %s\n", error.what());
    ::_exit(1);
  }
  ::_exit(0);
}

/// Waits until the connections, a second after their answers, have given back what they can.
/// Returns: how much memory each has then.
std::size_t bytes_each(std::size_t before, std::size_t count, watchdog& guard) {
  using clock = std::chrono::steady_clock;
  const auto until = clock::now() + 20s;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (auto fell = clock::now(); clock::now() < fell + 1s && clock::now() < until;) {
    std::this_thread::sleep_for(50ms);
    guard.tick();
    const std::size_t now = test::resident_bytes();
    const std::size_t each = now > before ? (now - before) / count : 0;
    if (each < least || each >= bytes_allowed) fell = clock::now();
    least = std::min(least, each);
  }
  require(least < bytes_allowed || test::sanitized, "a connection that waits is small");
  return least;
}

/// Ends the server, which closes all that wait, and says how long that took.
void end(task<void>& serving, watchdog& guard) {
  using clock = std::chrono::steady_clock;
  const auto began = clock::now();
  serving.cancel();
  while (!serving.done()) {
    require(clock::now() < began + 1min, "connections that wait do not hold up the end");
    std::this_thread::sleep_for(10ms);
    guard.tick();
  }
  try {
    serving.join();
  } catch (const task_cancelled&) {  // NOLINT(bugprone-empty-catch): as asked
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began);
  std::printf("ended in %lld ms\n", static_cast<long long>(took.count()));
}

std::size_t run_rounds(runtime& home, io::tcp_listener& listener, const wires& to_client,
                       std::size_t count, const options& chosen) {
  watchdog guard;
  const watchdog::watching watched(guard, home);
  http::server_config config;
  config.idle_timeout = 1h;
  config.max_connections = count;
  http::server site(config);
  site.get("/users/{id}", [&](const http::request& of) {
    guard.tick();
    return http::response::text(std::string(of.param("id")));
  });
  task<void> serving = home.spawn([&] { site.serve(listener); });
  const std::size_t before = test::resident_bytes();
  std::size_t most = 0;
  std::size_t rounds = 0;
  for (round_counter left(chosen); left.next(); ++rounds) {
    wires::give(to_client.command[1]);
    require(wires::take(to_client.answer[0]), "the client has asked");
    most = std::max(most, bytes_each(before, count, guard));
  }
  require(site.stats().requests == rounds * count, "every request was answered");
  require(site.stats().connections == count, "no connection was lost");
  end(serving, guard);
  ::close(to_client.command[1]);
  return most;
}

}  // namespace
}  // namespace heddle::stress

int main(int argc, char** argv) {
  using namespace heddle;
  using namespace heddle::stress;
  const options chosen = parse(argc, argv, {.rounds = 2, .loops = 2});
  const std::size_t count = connections();
  io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
  const wires to_client;
  const ::pid_t client = start_clients(listener, to_client, count);
  ::close(to_client.command[0]);
  ::close(to_client.answer[1]);
  std::size_t most = 0;
  {
    runtime home(with_loops(chosen.loops));
    most = run_rounds(home, listener, to_client, count, chosen);
    require(home.stats().live_tasks == 0, "a connection outlived serve()");
  }
  int status = 0;
  ::waitpid(client, &status, 0);
  require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the client did not end well");
  std::printf("%zu connections that wait: at most %zu bytes each\n", count, most);
  return 0;
}
