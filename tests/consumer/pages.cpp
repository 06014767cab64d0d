// SPDX-License-Identifier: MIT
// A page, served and read.
#include <heddle/http.hpp>
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include <iostream>
#include <span>
#include <string>
#include <string_view>

namespace http = heddle::http;
namespace io = heddle::io;

int main() {
  http::server server;
  server.get("/answer",
             [](const http::request&) { return http::response::text("hello from a fiber: 42\n"); });
  heddle::run([&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    auto serving = heddle::spawn([&] { server.serve(listener); });
    io::tcp_stream client = io::tcp_stream::connect(listener.local_endpoint());
    constexpr std::string_view request = "GET /answer HTTP/1.0\r\n\r\n";
    client.write_all(std::as_bytes(std::span(request)));
    io::buffered_reader answer(client);
    while (const auto line = answer.read_line()) {
      if (line->empty()) break;
    }
    std::cout << answer.read_all(100);
    serving.cancel();
  });
}
