// SPDX-License-Identifier: MIT
// Thousands of echo connections to a client in a process of its own, which checks every byte and
// resets one connection in ten at a random moment. Nobody may get stuck (a watchdog in each
// process), nothing may be mixed up, and at the end each process has the descriptors it began with.
// A round is the life of one connection: half as many as there are rounds are open at once.
#include "stress/echo.hpp"

#include <heddle/io/serve.hpp>
#include <heddle/io/tcp.hpp>

#include "runtime/support/process_counts.hpp"

#include <array>
#include <exception>
#include <optional>
#include <span>
#include <system_error>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::stress {

void raise_descriptor_limit() {
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  now.rlim_cur = now.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &now);
}

namespace {

struct server_books {
  watchdog guard;
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> ended_well{0};
  std::atomic<std::uint64_t> broken{0};
};

void echo(server_books& books, io::tcp_stream over) {
  ++books.accepted;
  std::array<std::byte, 2048> buffer;
  std::error_code error;
  std::size_t size = over.read_some(buffer, error);
  while (size > 0 && !error) {
    over.write_all(std::span(buffer).first(size), error);
    books.guard.tick();
    if (!error) size = over.read_some(buffer, error);
  }
  ++(error ? books.broken : books.ended_well);
}

/// Runs the client in a fork, before this process has threads. It dies with its parent.
::pid_t start_clients(io::tcp_listener& listener, const options& asked) {
  std::fflush(nullptr);
  const ::pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  listener.close();
  const auto before = test::process_counts::now().descriptors;
  bool passed = false;
  try {
    const std::uint64_t lives = run_echo_clients(listener.local_endpoint(), asked);
    passed = lives > 0 && test::process_counts::now().descriptors == before;
    if (!passed) std::fprintf(stderr, "client: descriptors or lives were lost\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "client: %s\n", error.what());
  }
  std::fflush(nullptr);
  ::_exit(passed ? 0 : 1);
}

void serve_until_the_client_ends(io::tcp_listener& listener, ::pid_t client, server_books& books,
                                 const options& asked) {
  runtime home(with_loops(asked.loops));
  const watchdog::watching watched(books.guard, home);
  io::serve_options limit;
  limit.max_connections = connections_at_once(asked);
  task<void> serving = home.spawn([&] {
    io::serve(
        listener, [&books](io::tcp_stream over) { echo(books, std::move(over)); }, limit);
  });
  int status = 0;
  ::waitpid(client, &status, 0);
  require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the client did not end well");
  listener.close();
  serving.join();
  require(home.stats().live_tasks == 0, "a connection outlived serve()");
}

}  // namespace
}  // namespace heddle::stress

int main(int argc, char** argv) {
  using namespace heddle;
  using namespace heddle::stress;
  const options asked = parse(argc, argv, {.rounds = 4000, .loops = 2});
  raise_descriptor_limit();
  const auto before = test::process_counts::now().descriptors;
  std::optional<server_books> books;
  {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    const ::pid_t client = start_clients(listener, asked);
    books.emplace();  // it has a thread: not before the fork
    serve_until_the_client_ends(listener, client, *books, asked);
    require(listener.refused() == 0, "the server ran out of descriptors");
  }
  require(test::process_counts::now().descriptors == before, "a descriptor was lost");
  std::printf("server: %llu connections, %llu ended orderly, %llu broken\n",
              static_cast<unsigned long long>(books->accepted),
              static_cast<unsigned long long>(books->ended_well),
              static_cast<unsigned long long>(books->broken));
  require(books->accepted == books->ended_well + books->broken, "a connection has no end");
  return 0;
}
