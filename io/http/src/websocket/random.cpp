// SPDX-License-Identifier: MIT
// The kernel's generator.
#include "websocket/random.hpp"

#include <cerrno>
#include <system_error>

#include <sys/random.h>

namespace heddle::http::detail {

void fill_with_random(std::span<std::byte> into) {
  while (!into.empty()) {
    const ssize_t got = ::getrandom(into.data(), into.size(), 0);
    if (got > 0) {
      into = into.subspan(static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::system_category(), "getrandom");
    }
  }
}

}  // namespace heddle::http::detail
