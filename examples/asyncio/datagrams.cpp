// SPDX-License-Identifier: MIT
// In asyncio: create_datagram_endpoint with a protocol class whose datagram_received answers, and
// another for the client. Here both are loops that receive.
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include <array>
#include <cstddef>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

namespace {

using heddle::io::udp_socket;

void echo(udp_socket& server) {
  std::array<std::byte, 1500> room;
  std::error_code error;
  for (;;) {
    const auto message = server.receive(room, error);
    if (error) return;  // it was closed
    server.send_to(std::span(room).first(message.bytes), message.from, error);
  }
}

std::string ask(udp_socket& client, std::string_view what) {
  std::string answer(1500, '\0');
  client.send(std::as_bytes(std::span(what)));
  answer.resize(client.receive(std::as_writable_bytes(std::span(answer))).bytes);
  return answer;
}

}  // namespace

int main() {
  heddle::run([] {
    udp_socket server = udp_socket::bind("127.0.0.1:0");
    udp_socket client = udp_socket::bind("127.0.0.1:0");
    client.connect(server.local_endpoint());
    auto echoes = heddle::spawn([&] { echo(server); });
    std::cout << ask(client, "hello") << '\n' << ask(client, "again") << '\n';
    server.close();
    echoes.join();
  });
}
