// SPDX-License-Identifier: MIT
// Usage: chat [ENDPOINT]. A chat room for browsers: `chat 127.0.0.1:8080`, then open that address
// in two windows. Who is slow holds up nobody, but is shown out once 64 messages wait for it.
// SIGTERM ends it and tells everybody so. Without an endpoint it chats with itself and ends.
#include <heddle/heddle.hpp>

#include "chat_room.hpp"

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace {

namespace http = heddle::http;
using std::chrono_literals::operator""s;

void serve_room(heddle::io::tcp_listener& listener) {
  http::server site;
  room talks;
  http::websocket_config config;
  config.limits.message_bytes = 2000;
  config.limits.write_stall = 10s;
  config.limits.ping_interval = 30s;
  site.get("/", [](const http::request&) { return http::response::file(CHAT_PAGE); });
  site.websocket(
      "/room", [&](http::websocket& with) { talks.talk(with); }, config);
  heddle::io::stop_on_signals([&](auto& now) { site.serve(listener, &now); });
}

/// Waits for a line that begins with `what`, or for the end.
std::string hear(http::websocket& with, std::string_view what) {
  while (const auto heard = with.receive()) {
    if (heard->data.starts_with(what)) return heard->data;
  }
  return "closed: " + std::to_string(static_cast<int>(*with.close_code())) + ' ' +
         with.close_reason();
}

http::websocket join(const std::string& where, std::string_view name) {
  http::websocket with = http::websocket::connect(where);
  with.send(name);
  hear(with, "here");
  return with;
}

void try_it() {
  auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
  auto serving = heddle::spawn([&] { serve_room(listener); });
  const std::string where = "ws://" + listener.local_endpoint().to_string() + "/room";
  http::websocket ada = join(where, "Ada");
  http::websocket slow = join(where, "Slow");
  http::websocket bob = join(where, "Bob");
  hear(ada, "join\nBob");
  bob.send("hello");
  std::cout << hear(ada, "say\n") << '\n';
  for (std::string heard; heard != "leave\nSlow"; heard = hear(bob, "")) {
    bob.send(std::string(1500, 'x'));  // Slow receives nothing
    hear(ada, "say\n");
  }
  std::cout << "Slow: " << hear(slow, "closed") << '\n';
  std::raise(SIGTERM);
  std::cout << "Ada: " << hear(ada, "closed") << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  heddle::run([&] {
    if (argc < 2) return try_it();
    auto listener = heddle::io::tcp_listener::bind(argv[1]);
    std::cout << "listening at http://" << listener.local_endpoint() << '/' << std::endl;
    serve_room(listener);
  });
} catch (const std::exception& failed) {
  std::cerr << "chat: " << failed.what() << '\n';
  return 1;
}
