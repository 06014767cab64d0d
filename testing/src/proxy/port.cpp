// SPDX-License-Identifier: MIT
// The system calls: heddle::io has sockets that listen and sockets that connect, none that is bound
// only.
#include "proxy/port.hpp"

#include <heddle/io/error.hpp>

#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace heddle::testing::detail {

namespace {

/// Returns 0 or an errno value.
int bind_loopback(int fd, sockaddr_in& where) {
  const int on = 1;
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  auto* const address = reinterpret_cast<sockaddr*>(&where);
  // Both this socket and the listener say so: then both may have the port.
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return errno;
  if (::bind(fd, address, size) != 0) return errno;
  return ::getsockname(fd, address, &size) == 0 ? 0 : errno;
}

}  // namespace

port::port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in bound{};
  const int failed = !fd_ ? errno : bind_loopback(fd_.get(), bound);
  if (failed != 0) {
    throw io::io_error(std::error_code(failed, std::system_category()), "reserve a port of",
                       io::endpoint("127.0.0.1", 0));
  }
  where_ = io::endpoint("127.0.0.1", ntohs(bound.sin_port));
}

}  // namespace heddle::testing::detail
