// SPDX-License-Identifier: MIT
// OpenSSL itself as the other end of a connection, on a plain thread: it sends and receives at
// once, asks for new keys as it goes, and hands out session tickets as a server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace heddle::test {

/// The byte at an offset of a direction.
inline char byte_at(std::uint64_t offset, char salt) {
  return static_cast<char>((offset * 131 + (offset >> 9) + static_cast<unsigned char>(salt)) & 255);
}

enum class openssl_role : std::uint8_t { client, server };

struct openssl_talk {
  openssl_role role = openssl_role::server;
  std::size_t total_bytes = 0;  ///< that it sends, byte_at(offset, 'o'), before it ends its side
  std::size_t renew_every = 0;  ///< bytes sent between two requests for new keys, or tickets
};

struct openssl_report {
  std::uint64_t received = 0;  ///< that were byte_at(offset, 'h'), up to the end
  std::uint64_t renewals = 0;
  std::uint64_t tickets = 0;
  std::string error;  ///< empty: it ended as it should
};

/// Talks over `socket`, which does not block, until both sides have ended.
openssl_report talk_as_openssl(int socket, const openssl_talk& how);

}  // namespace heddle::test
