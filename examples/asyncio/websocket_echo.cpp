// SPDX-License-Identifier: MIT
// In aiohttp: web.WebSocketResponse and session.ws_connect, `async for msg in ws`, send_str and
// send_bytes; in the websockets package: serve(handler) and connect(). A handler has its connection
// until it returns.
#include <heddle/http.hpp>
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include <iostream>
#include <string>

namespace {

namespace http = heddle::http;
using message = http::websocket::message;

void echo(http::websocket& with) {
  while (const auto heard = with.receive()) with.send(*heard);
}

void talk(const std::string& where) {
  http::websocket with = http::websocket::connect(where);
  for (const message& each : {message::text("hello"), message::binary("\x01\x02")}) {
    with.send(each);
    std::cout << "the same came back: " << std::boolalpha << (with.receive() == each) << '\n';
  }
  std::cout << "closed: " << with.close() << '\n';
}

}  // namespace

int main() {
  heddle::run([] {
    http::server site;
    site.websocket("/echo", echo);
    auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    auto serving = heddle::spawn([&] { site.serve(listener); });
    talk("ws://" + listener.local_endpoint().to_string() + "/echo");
    listener.close();
    serving.join();
  });
}
