// SPDX-License-Identifier: MIT
// What tests of the simulated network share: hosts that are named, a server that echoes, and two
// ends of one connection on two hosts.
#pragma once

#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/simulation.hpp>

#include "io/net/sockets.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace heddle::test {

/// Reads up to the end, or an error.
inline std::string read_all(io::tcp_stream& from, std::error_code& error) {
  std::string text;
  std::array<char, 64> piece{};
  while (const std::size_t more = from.read_some(std::as_writable_bytes(std::span(piece)), error)) {
    text.append(piece.data(), more);
  }
  return text;
}

inline std::error_code read_error(io::tcp_stream& from) {
  std::error_code error;
  read_all(from, error);
  return error;
}

inline io::endpoint at(testing::simulation& sim, std::string_view host, std::string_view port) {
  return io::endpoint(sim.net().address(host) + ":" + std::string(port));
}

/// Echoes `connections` streams, one after the other, until each ends.
inline void echo(testing::simulation& sim, int connections) {
  io::tcp_listener listener = io::tcp_listener::bind(at(sim, "server", "80"));
  task_group all;
  for (int n = 0; n < connections; ++n) {
    all.spawn([stream = listener.accept()]() mutable {
      std::array<std::byte, 32> piece;
      while (const std::size_t more = stream.read_some(piece)) {
        stream.write_all(std::span(piece).first(more));
      }
    });
  }
  all.join();
}

/// Sends `text` to the server and returns what comes back.
inline std::string ask(testing::simulation& sim, std::string_view text) {
  io::tcp_stream stream = io::tcp_stream::connect(at(sim, "server", "80"));
  task_group both;
  both.spawn([&] {
    stream.write_all(bytes(text));
    stream.shutdown_write();
  });
  std::string answer = read_all(stream);
  both.join();
  return answer;
}

/// Runs `server(stream)` on host "server" with one end of a connection, and `client(stream)` on
/// "main" with the other; each closes its own when it returns.
template <class Server, class Client>
void converse(testing::simulation& sim, Server server, Client client) {
  sim.run([&] {
    task_group all;
    all.spawn([&] {
      sim.net().on("server", [&] {
        io::tcp_stream stream = io::tcp_listener::bind(at(sim, "server", "80")).accept();
        server(stream);
      });
    });
    this_fiber::sleep_for(std::chrono::milliseconds{1});  // until it listens
    {
      io::tcp_stream stream = io::tcp_stream::connect(at(sim, "server", "80"));
      client(stream);
    }
    all.join();
  });
}

/// Returns what arrives of what `client(stream)` sends. Errors: if it does not come to its end.
template <class Client>
std::string sent_by(testing::simulation& sim, Client client) {
  std::string got;
  converse(
      sim, [&](io::tcp_stream& stream) { got = read_all(stream); }, client);
  return got;
}

inline std::chrono::nanoseconds since(clock::time_point began) { return clock::now() - began; }

}  // namespace heddle::test
