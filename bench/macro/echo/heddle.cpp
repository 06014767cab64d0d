// SPDX-License-Identifier: MIT
// P14: an echo server on one loop. Prints its port; ends when its standard input does.
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"

#include <array>
#include <cstddef>
#include <iostream>
#include <span>

#include <unistd.h>

namespace {

void echo(heddle::io::tcp_stream& client) {
  std::array<std::byte, 4096> buffer;
  while (const std::size_t got = client.read_some(buffer)) {
    client.write_all(std::span(buffer).first(got));
  }
}

}  // namespace

int main() {
  bench::end_after(300);
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [] {
    auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    std::cout << listener.local_endpoint().port() << std::endl;
    auto until_told = heddle::spawn([&listener] {
      heddle::wait_readable(STDIN_FILENO);
      listener.close();
    });
    heddle::io::serve(listener, echo);
    until_told.join();
  });
}
