// SPDX-License-Identifier: MIT
// Usage: echo [ENDPOINT]. Sends back what clients send, one fiber a connection, until it is killed:
// `echo 127.0.0.1:7000`, then `nc 127.0.0.1 7000`. Without an endpoint it takes a free port, says
// hello to itself and ends.
#include <heddle/heddle.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

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

void listen(const char* given) {
  heddle::run([&] {
    auto listener = heddle::io::tcp_listener::bind(given != nullptr ? given : "127.0.0.1:0");
    std::cout << "listening at " << listener.local_endpoint() << std::endl;
    auto server = heddle::spawn([&] { heddle::io::serve(listener, echo); });
    if (given == nullptr) {
      say_hello(listener.local_endpoint());
      listener.close();  // serve() returns once the open connections have ended
    }
    server.join();
  });
}

}  // namespace

int main(int argc, char** argv) {
  const char* const given = argc > 1 ? argv[1] : nullptr;
  if (argc > 2 || (given != nullptr && *given == '-')) {
    const bool asked = argc == 2 && given == std::string_view("--help");
    (asked ? std::cout : std::cerr) << "Usage: echo [ENDPOINT], as in: echo 127.0.0.1:7000\n";
    return asked ? 0 : 2;
  }
  try {
    listen(given);
  } catch (const std::exception& error) {
    std::cerr << "echo: " << error.what() << '\n';
    return 1;
  }
}
