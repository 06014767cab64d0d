// SPDX-License-Identifier: MIT
// What the floors of server benchmarks have in common: one level-triggered epoll loop that accepts,
// and calls what serves a client that can be read or written. It prints its port, and ends when its
// standard input does.
#pragma once

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
#include <unistd.h>

namespace bench {

/// `Server` derives from it and has serve(Client&); `Client` has a member fd.
template <class Server, class Client>
class epoll_server {
 public:
  epoll_server() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), listener_(listen()) {
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
          static_cast<Server*>(this)->serve(*static_cast<Client*>(what));
        }
      }
    }
  }

 protected:
  void watch(int fd, std::uint32_t events, void* what, int operation) const {
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = what;
    require(::epoll_ctl(epoll_, operation, fd, &wanted) == 0, "epoll_ctl");
  }

  void drop(Client& one) {
    const int fd = one.fd;
    ::close(fd);
    clients_.erase(fd);
  }

 private:
  static int listen() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof where;
    auto* const address = reinterpret_cast<sockaddr*>(&where);
    require(::bind(fd, address, bytes) == 0 && ::listen(fd, 4096) == 0, "cannot listen");
    ::getsockname(fd, address, &bytes);
    std::printf("%u\n", ntohs(where.sin_port));
    std::fflush(stdout);
    return fd;
  }

  void accept_all() {
    const int on = 1;
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto& fresh = clients_[fd] = std::make_unique<Client>();
      fresh->fd = fd;
      watch(fd, EPOLLIN, fresh.get(), EPOLL_CTL_ADD);
    }
  }

  int epoll_;
  int listener_;
  std::unordered_map<int, std::unique_ptr<Client>> clients_;
};

}  // namespace bench
