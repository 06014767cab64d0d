// SPDX-License-Identifier: MIT
// P14, the floor: an echo server that is nothing but an epoll loop, one recv and one send a
// message. Prints its port; ends when its standard input does.
#include "harness/epoll_server.hpp"

namespace {

struct client {
  int fd;
  std::size_t held = 0;  // bytes of `buffer` that the kernel did not take yet
  std::array<char, 4096> buffer;
};

class server : public bench::epoll_server<server, client> {
 public:
  void serve(client& one) {
    const bool was_held = one.held > 0;
    if (!was_held) {
      const ssize_t got = ::recv(one.fd, one.buffer.data(), one.buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return drop(one);
      one.held = static_cast<std::size_t>(got);
    }
    const ssize_t sent = ::send(one.fd, one.buffer.data(), one.held, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return drop(one);
    const auto gone = sent < 0 ? std::size_t{0} : static_cast<std::size_t>(sent);
    one.held -= gone;
    if (one.held > 0) std::memmove(one.buffer.data(), one.buffer.data() + gone, one.held);
    if (was_held != (one.held > 0)) {
      watch(one.fd, one.held > 0 ? EPOLLOUT : EPOLLIN, &one, EPOLL_CTL_MOD);
    }
  }
};

}  // namespace

int main() {
  bench::end_after(300);
  server().run();
}
