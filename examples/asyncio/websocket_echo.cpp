// SPDX-License-Identifier: MIT
// In aiohttp: web.WebSocketResponse, `async for msg in ws`, send_str and send_bytes; in the
// websockets package: serve(handler) with `async for`. The handler has the connection until it
// returns. Here the client is a few frames by hand.
#include <heddle/http.hpp>
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include <cstddef>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

namespace {

namespace http = heddle::http;

void echo(http::websocket& with) {
  while (const auto message = with.receive()) with.send(*message);
}

/// A text of less than 126 bytes, or a close frame; masked, with 0.
std::string frame(char what, std::string_view text) {
  const auto length = static_cast<char>(0x80U | text.size());
  return std::string{what, length, 0, 0, 0, 0}.append(text);
}

void talk(const heddle::io::endpoint& server) {
  auto stream = heddle::io::tcp_stream::connect(server);
  heddle::io::buffered_reader in(stream);
  const auto say = [&](std::string_view bytes) {
    stream.write_all(std::as_bytes(std::span(bytes)));
  };
  say("GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  std::cout << *in.read_line() << '\n';
  in.read_until("\r\n\r\n");
  say(frame('\x81', "hello"));
  std::string answer(2 + 5, '\0');
  in.read_exactly(std::as_writable_bytes(std::span(answer)));
  std::cout << answer.substr(2) << '\n';
  say(frame('\x88', "\x03\xe8"));
  std::cout << "closed: " << (in.read_all(100) == "\x88\x02\x03\xe8") << '\n';
}

}  // namespace

int main() {
  heddle::run([] {
    http::server site;
    site.websocket("/echo", echo);
    auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    auto serving = heddle::spawn([&] { site.serve(listener); });
    talk(listener.local_endpoint());
    listener.close();
    serving.join();
  });
}
