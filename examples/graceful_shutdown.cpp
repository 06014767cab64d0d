// SPDX-License-Identifier: MIT
// Usage: graceful_shutdown [ENDPOINT]. A server that SIGTERM and SIGINT end in good order: the
// first has it refuse new clients and finish what it has accepted, a second one has it stop at
// once. `graceful_shutdown 127.0.0.1:7000`, then `nc 127.0.0.1 7000`, then Ctrl-C, once or twice.
// Without an endpoint it takes a free port, asks itself, and sends itself the signals.
#include <heddle/heddle.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <exception>
#include <iostream>
#include <span>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace io = heddle::io;

namespace {

/// Work that takes its time: an answer for each byte, until the client has no more.
void answer(io::tcp_stream& client) {
  std::array<std::byte, 1> request;
  while (client.read_some(request) != 0) {
    heddle::this_fiber::sleep_for(std::chrono::milliseconds{5});
    client.write_all(request);
  }
}

io::stop_report serve_until_stopped(std::vector<io::tcp_listener>& listeners) {
  return io::stop_on_signals([&](io::drain_stop& now) {
    io::serve(listeners, answer, {.drain = std::chrono::seconds{10}, .cut_short = &now});
  });
}

std::string_view name_of(io::stop_kind how) {
  switch (how) {
    case io::stop_kind::by_itself:
      return "ended by itself";
    case io::stop_kind::drained:
      return "drained";
    case io::stop_kind::at_once:
      return "stopped at once";
  }
  return "?";
}

void ask(io::tcp_stream& server) {
  server.write_all(std::as_bytes(std::span("?", 1)));
  std::array<std::byte, 1> answered;
  server.read_exactly(answered);
}

void wait_until_refused(const io::endpoint& server) {
  for (std::error_code error; error != std::errc::connection_refused;) {
    io::tcp_stream::connect(server, error);
  }
}

/// A client that is served to its end although the server was asked to stop meanwhile; or, if
/// the server is asked twice, is not.
void try_it(int signals) {
  auto listeners = io::tcp_listener::bind_each("127.0.0.1:0");
  const io::endpoint at = listeners.front().local_endpoint();
  auto server = heddle::spawn([&] { return serve_until_stopped(listeners); });
  auto client = io::tcp_stream::connect(at);
  ask(client);
  ::kill(::getpid(), SIGTERM);
  wait_until_refused(at);
  ask(client);
  std::cout << "answered while it drained\n";
  if (signals == 2) {
    ::kill(::getpid(), SIGINT);
  } else {
    client.close();
  }
  std::cout << name_of(server.join().how) << '\n';
}

void serve_at(std::string_view where) {
  auto listeners = io::tcp_listener::bind_each(where);
  std::cout << "listening at " << listeners.front().local_endpoint() << std::endl;
  std::cout << name_of(serve_until_stopped(listeners).how) << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  heddle::run([&] {
    if (argc > 1) return serve_at(argv[1]);
    try_it(1);
    try_it(2);
  });
} catch (const std::exception& error) {
  std::cerr << "graceful_shutdown: " << error.what() << '\n';
  return 1;
}
