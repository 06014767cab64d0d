// SPDX-License-Identifier: MIT
// In asyncio: a client library that knows no event loop fetches a page by asyncio.to_thread, and
// the loop goes on meanwhile. Here the library is sockets that block; the server that it asks is a
// fiber, and on the only loop there is: if the fetch blocked that, nobody would ever answer.
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include <array>
#include <cstddef>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

/// Knows nothing of fibers: every call blocks its thread.
std::string get(std::uint16_t port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(port);
  const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) >= 0) {
    std::array<char, 512> piece;
    for (ssize_t got = 0; (got = ::recv(fd, piece.data(), piece.size(), 0)) > 0;) {
      answer.append(piece.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(fd);
  if (answer.empty()) throw std::runtime_error("nobody answers");
  return answer.substr(0, answer.find('\r'));
}

void answer_one(heddle::io::tcp_listener& listener) {
  auto client = listener.accept();
  std::array<std::byte, 512> request;
  (void)client.read_some(request);
  constexpr std::string_view page = "HTTP/1.0 200 OK\r\n\r\nhello\n";
  client.write_all(std::as_bytes(std::span(page)));
}

}  // namespace

int main() {
  heddle::config one_loop;
  one_loop.loops = 1;
  heddle::run(one_loop, [] {
    auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    auto server = heddle::spawn([&listener] { answer_one(listener); });
    const std::uint16_t port = listener.local_endpoint().port();
    std::cout << heddle::blocking([port] { return get(port, "/"); }) << '\n';
    server.join();
  });
}
