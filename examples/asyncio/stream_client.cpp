// SPDX-License-Identifier: MIT
// In asyncio: open_connection, write a request for a page's header by hand, and readline until the
// empty line, with wait_for around it all.
#include <heddle/http.hpp>
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

namespace {

void print_header(std::string_view host, std::uint16_t port, std::string_view path) {
  auto stream = heddle::io::tcp_stream::connect(host, port);
  const std::string asked =
      "HEAD " + std::string(path) + " HTTP/1.0\r\nHost: " + std::string(host) + "\r\n\r\n";
  stream.write_all(std::as_bytes(std::span(asked)));
  heddle::io::buffered_reader in(stream);
  for (auto line = in.read_line(); line && !line->empty(); line = in.read_line()) {
    std::cout << *line << '\n';
  }
}

}  // namespace

int main() {
  heddle::run([] {
    heddle::http::server site;
    site.get("/", [](const auto&) { return heddle::http::response::text("hello"); });
    auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    auto serving = heddle::spawn([&] { site.serve(listener); });
    heddle::with_timeout(std::chrono::seconds{5},
                         [&] { print_header("localhost", listener.local_endpoint().port(), "/"); });
    listener.close();
    serving.join();
  });
}
