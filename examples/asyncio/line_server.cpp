// SPDX-License-Identifier: MIT
// In asyncio: start_server, readline and write in the handler, drain, and loop.add_signal_handler
// for SIGTERM, which closes the server; wait_closed lets the handlers finish.
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <iostream>
#include <string>

namespace {

/// Answers each line in capitals.
void shout(heddle::io::tcp_stream& client) {
  heddle::io::buffered_reader in(client);
  heddle::io::buffered_writer out(client);
  while (const auto line = in.read_line()) {
    std::string loud(*line);
    std::transform(loud.begin(), loud.end(), loud.begin(),
                   [](unsigned char each) { return static_cast<char>(std::toupper(each)); });
    out.write(loud + "\n");
    out.flush();
  }
}

void talk(const heddle::io::endpoint& server) {
  auto stream = heddle::io::tcp_stream::connect(server);
  heddle::io::buffered_reader in(stream);
  for (const char* const each : {"hello\n", "goodbye\n"}) {
    heddle::io::buffered_writer out(stream);
    out.write(each);
    out.flush();
    std::cout << *in.read_line() << '\n';
  }
}

}  // namespace

int main() {
  heddle::run([] {
    heddle::io::signal_set stop{SIGTERM, SIGINT};
    auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    auto server = heddle::spawn([&] { heddle::io::serve(listener, shout); });
    talk(listener.local_endpoint());
    std::raise(SIGTERM);  // as a service manager would
    stop.wait();
    listener.close();  // serve() returns once the open connections have ended
    server.join();
    std::cout << "stopped\n";
  });
}
