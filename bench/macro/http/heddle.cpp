// SPDX-License-Identifier: MIT
// P15 and P16: an HTTP server on one loop, with routes, and limits as they are by default. Prints
// its port; ends when its standard input does.
#include <heddle/http.hpp>
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"

#include <iostream>

#include <unistd.h>

namespace http = heddle::http;

int main() {
  bench::end_after(300);
  heddle::config settings;
  settings.loops = 1;
  http::server server;
  server.get("/plain", [](const http::request&) { return http::response::text("Hello, World!"); });
  server.get("/users/{id}", [](const http::request& asked) {
    return http::response::text(std::string(asked.param("id")));
  });
  heddle::run(settings, [&] {
    auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    std::cout << listener.local_endpoint().port() << std::endl;
    auto until_told = heddle::spawn([&listener] {
      heddle::wait_readable(STDIN_FILENO);
      listener.close();
    });
    server.serve(listener);
    until_told.join();
  });
}
