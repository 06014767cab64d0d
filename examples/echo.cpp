// SPDX-License-Identifier: MIT
// Usage: echo [ENDPOINT]. Sends back what clients send, one fiber a connection, until it is killed:
// `echo 127.0.0.1:7000`, then `nc 127.0.0.1 7000`. Without an endpoint it takes a free port, says
// hello to itself and ends.
#include <heddle/heddle.hpp>

#include <array>
#include <cstddef>
#include <iostream>
#include <span>
#include <string>

namespace {

void echo(heddle::io::tcp_stream& client) {
  std::array<std::byte, 4096> buffer;
  while (const std::size_t count = client.read_some(buffer)) {
    client.write_all(std::span(buffer).first(count));
  }
}

void say_hello(const heddle::io::endpoint& server) {
  auto stream = heddle::io::tcp_stream::connect(server);
  stream.write_all(std::as_bytes(std::span("hello", 5)));
  std::string answer(5, '\0');
  stream.read_exactly(std::as_writable_bytes(std::span(answer)));
  std::cout << "the server said: " << answer << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const bool forever = argc > 1;
  heddle::run([&] {
    auto listener = heddle::io::tcp_listener::bind(forever ? argv[1] : "127.0.0.1:0");
    std::cout << "listening at " << listener.local_endpoint() << std::endl;
    auto server = heddle::spawn([&] { heddle::io::serve(listener, echo); });
    if (!forever) {
      say_hello(listener.local_endpoint());
      listener.close();  // serve() returns once the open connections have ended
    }
    server.join();
  });
}
