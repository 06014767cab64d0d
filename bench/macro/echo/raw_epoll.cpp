// SPDX-License-Identifier: MIT
// P14, the floor: an echo server that is nothing but an epoll loop, level-triggered, one recv and
// one send a message. Prints its port; ends when its standard input does.
#include "harness/harness.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace {

struct client {
  int fd;
  std::size_t held = 0;  // bytes of `buffer` that the kernel did not take yet
  std::array<char, 4096> buffer;
};

class server {
 public:
  server() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), listener_(listen()) {
    watch(listener_, EPOLLIN, &listener_, EPOLL_CTL_ADD);
    watch(STDIN_FILENO, EPOLLIN, nullptr, EPOLL_CTL_ADD);
  }

  void run() {
    std::array<epoll_event, 128> events;
    for (;;) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int n = 0; n < ready; ++n) {
        void* const what = events[static_cast<std::size_t>(n)].data.ptr;
        if (what == nullptr) return;
        if (what == &listener_) {
          accept_all();
        } else {
          serve(*static_cast<client*>(what));
        }
      }
    }
  }

 private:
  static int listen() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof where;
    auto* const address = reinterpret_cast<sockaddr*>(&where);
    bench::require(::bind(fd, address, bytes) == 0 && ::listen(fd, 4096) == 0, "cannot listen");
    ::getsockname(fd, address, &bytes);
    std::printf("%u\n", ntohs(where.sin_port));
    std::fflush(stdout);
    return fd;
  }

  void watch(int fd, std::uint32_t events, void* what, int operation) const {
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = what;
    bench::require(::epoll_ctl(epoll_, operation, fd, &wanted) == 0, "epoll_ctl");
  }

  void accept_all() {
    const int on = 1;
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto& fresh = clients_[fd] = std::make_unique<client>();
      fresh->fd = fd;
      watch(fd, EPOLLIN, fresh.get(), EPOLL_CTL_ADD);
    }
  }

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

  void drop(client& one) {
    const int fd = one.fd;
    ::close(fd);
    clients_.erase(fd);
  }

  int epoll_;
  int listener_;
  std::unordered_map<int, std::unique_ptr<client>> clients_;
};

}  // namespace

int main() {
  bench::end_after(300);
  server().run();
}
